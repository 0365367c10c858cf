package worker

import (
	"bytes"
	"os"
	"reflect"
	"testing"
)

func FuzzMessages(f *testing.F) {
	f.Add([]byte("body"), int64(1), int64(2))
	f.Add([]byte{}, int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, offset, length int64) {
		want := Batch{Kind: "records", Offset: offset, Length: length, Giant: &Giant{Lines: offset}}
		message, err := encode(want, body)
		if err != nil {
			t.Fatal(err)
		}
		var got Batch
		back, err := decode(message, &got)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || !bytes.Equal(back, body) {
			t.Errorf("got %+v %q, want %+v %q", got, back, want, body)
		}
		for n := range message[:len(message)-len(body)] { // every torn head is noticed
			if _, err := decode(message[:n], &got); err == nil {
				t.Fatalf("%d bytes of the head were taken for a message", n)
			}
		}
		_, _ = decode(body, &got) // any bytes: an error, no panic
	})
}

func TestDepotsKeepWhatTheyAreGivenUntilItIsDropped(t *testing.T) {
	shared, err := newFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]depot{"memory": newMemory(), "folder": shared} {
		t.Run(name, func(t *testing.T) {
			refs := map[string]string{}
			for _, text := range []string{"first", "second", ""} {
				ref, err := d.Put(append(d.Buffer(), text...))
				if err != nil {
					t.Fatal(err)
				}
				refs[ref] = text
			}
			if len(refs) != 3 {
				t.Fatalf("references are not unique: %v", refs)
			}
			for ref, want := range refs {
				if got, err := d.Get(ref); err != nil || string(got) != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
				out, err := os.CreateTemp(t.TempDir(), "")
				if err != nil {
					t.Fatal(err)
				}
				rest, err := d.Write(ref, out, int64(len(want)/2))
				if err != nil || string(rest) != want[len(want)/2:] {
					t.Errorf("the rest is %q, %v, want %q", rest, err, want[len(want)/2:])
				}
				if head, err := os.ReadFile(out.Name()); err != nil || string(head) != want[:len(want)/2] {
					t.Errorf("wrote %q, %v", head, err)
				}
				out.Close()
				for range 2 { // dropping twice is no error
					if err := d.Drop(ref); err != nil {
						t.Error(err)
					}
				}
				if _, err := d.Get(ref); err == nil {
					t.Error("a dropped body is still there")
				}
			}
			if d.Held() != 0 {
				t.Errorf("holds %d bytes when empty", d.Held())
			}
		})
	}
}
