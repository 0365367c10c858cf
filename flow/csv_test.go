package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// fieldsOf returns a record's fields as they stand and as they are meant.
func fieldsOf(record string) (fields, values []string) {
	for _, field := range Fields(nil, []byte(record), ',') {
		fields = append(fields, string(field))
		values = append(values, string(Unquote(nil, field)))
	}
	return fields, values
}

func TestFieldsOfRecords(t *testing.T) {
	for record, want := range map[string][]string{
		``:                {``},
		`a`:               {`a`},
		`,`:               {``, ``},
		`a,,b`:            {`a`, ``, `b`},
		`a,`:              {`a`, ``},
		`"a,b",c`:         {`a,b`, `c`},
		`"",""`:           {``, ``},
		`""""`:            {`"`},
		`"a""b""","c"`:    {`a"b"`, `c`},
		"\"a\nb\r\n\",c":  {"a\nb\r\n", `c`},
		`a"b,c""d`:        {`a"b`, `c""d`},
		` "a,b"`:          {` "a`, `b"`},
		`"a"b,c`:          {`ab`, `c`},
		`"a"b"c,d"`:       {`ab"c`, `d"`},
		`"a" ,"b"`:        {`a `, `b`},
		"a\r,b":           {"a\r", `b`},
		"\"\x00\",\x00":   {"\x00", "\x00"},
		`"open,`:          {`open,`},
		`"`:               {``},
		`a,"`:             {`a`, ``},
		"\xff,\"\xfe,\"":  {"\xff", "\xfe,"},
		"\"é\",\u2028,\t": {`é`, "\u2028", "\t"},
	} {
		fields, values := fieldsOf(record)
		if !slices.Equal(values, want) {
			t.Errorf("%q: %q, want %q", record, values, want)
		}
		if joined := strings.Join(fields, ","); joined != record {
			t.Errorf("%q: the fields as they stand make %q", record, joined)
		}
	}
}

func TestFieldsOfOtherSeparators(t *testing.T) {
	fields := Fields(nil, []byte(`a,b;"c;d";`), ';')
	if got := fmt.Sprintf("%q", fields); got != `["a,b" "\"c;d\"" ""]` {
		t.Error(got)
	}
}

func TestAppendFieldQuotesOnlyWhatNeedsIt(t *testing.T) {
	for text, want := range map[string]string{
		``: ``, `a b`: `a b`, `a,b`: `"a,b"`, `"`: `""""`, `say "no"`: `"say ""no"""`, "a\nb": "\"a\nb\"", "a\r": "\"a\r\"", `é;`: `é;`,
	} {
		if got := AppendField([]byte("x"), []byte(text), ','); string(got) != "x"+want {
			t.Errorf("%q: %q, want %q", text, got[1:], want)
		}
	}
	if got := AppendField(nil, []byte("a;b"), ';'); string(got) != `"a;b"` {
		t.Errorf("with semicolons: %q", got)
	}
}

func TestCSVHelpersAppend(t *testing.T) {
	fields := Fields([][]byte{[]byte("x")}, []byte("a,b"), ',')
	if len(fields) != 3 || string(fields[0]) != "x" {
		t.Errorf("Fields: %q", fields)
	}
	if got := Unquote([]byte("x"), []byte(`"a""b"`)); string(got) != `xa"b` {
		t.Errorf("Unquote: %q", got)
	}
}

func TestFieldsAgreeWithTheReferenceOnTangles(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		checkFields(t, tangle(random, random.IntN(20)))
	}
}

// checkFields compares the fields of all records in data with the reference's.
func checkFields(t *testing.T, data string) {
	t.Helper()
	for _, r := range reference(data) {
		fields, values := fieldsOf(r.text)
		if !slices.Equal(fields, r.fields) || !slices.Equal(values, r.values) {
			t.Fatalf("%q: %q meaning %q, want %q meaning %q", r.text, fields, values, r.fields, r.values)
		}
		n, closed := CSV.countFields([]byte(r.text), false)
		if n != len(r.fields) || closed != r.closed {
			t.Fatalf("%q: %d fields, closed %t, want %d, %t", r.text, n, closed, len(r.fields), r.closed)
		}
	}
}

// What AppendField writes, Unquote reads back; among other fields, too; and fields make up their record again.
func FuzzFields(f *testing.F) {
	f.Add(`a,"b""",c`, `say "no", twice`)
	f.Add("\"a\r\n\",\"", "\n")
	f.Add(`"a"b"c`, "")
	f.Fuzz(func(t *testing.T, record, text string) {
		checkFields(t, record)
		fields, values := fieldsOf(record)
		if joined := strings.Join(fields, ","); joined != record {
			t.Fatalf("%q: the fields as they stand make %q", record, joined)
		}
		field := AppendField(nil, []byte(text), ',')
		if back := Unquote(nil, field); string(back) != text {
			t.Fatalf("%q is written %q and read %q", text, field, back)
		}
		var again []byte
		for i, value := range append(values, text) {
			if i > 0 {
				again = append(again, ',')
			}
			again = AppendField(again, []byte(value), ',')
		}
		if _, got := fieldsOf(string(again)); !slices.Equal(got, append(values, text)) {
			t.Fatalf("%q is written %q and read %q", append(values, text), again, got)
		}
		line := append(again, '\n')
		if end, ok := CSV.Cutter().Next(append(line, "next"...)); !ok || end != len(line) {
			t.Fatalf("%q: the record ends at %d, want %d", line, end, len(line))
		}
	})
}

// Python's csv module reads what both grammars know (lone CRs outside quotes it does not) as Fields and Unquote do.
func TestFieldsAgreeWithPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here")
	}
	data := agreed(rand.New(rand.NewPCG(5, 6)), 4000)
	cmd := exec.Command(python, "-c", `
import csv, io, json, sys
text = sys.stdin.buffer.read().decode("latin-1")
json.dump([row or [""] for row in csv.reader(io.StringIO(text, newline=""))], sys.stdout)`)
	cmd.Stdin = strings.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	n := 0
	for rest := []byte(data); len(rest) > 0; n++ {
		end, _ := CSV.Cutter().Next(rest)
		record := bytes.TrimSuffix(bytes.TrimSuffix(rest[:end], []byte("\n")), []byte("\r"))
		if _, values := fieldsOf(string(record)); n >= len(rows) || !slices.Equal(values, rows[n]) {
			t.Fatalf("record %d, %q: %q, Python has %q", n, record, values, rows[n:min(n+1, len(rows))])
		}
		rest = rest[end:]
	}
	if n != len(rows) {
		t.Errorf("%d records, Python has %d", n, len(rows))
	}
}

// agreed returns n records over which no two readers of CSV should differ, and a few over which most do not: bare
// quotes, text behind a closing quote, empty lines.
func agreed(random *rand.Rand, n int) string {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	text := func(of ...string) string {
		var b strings.Builder
		for range random.IntN(5) {
			b.WriteString(pick(of...))
		}
		return b.String()
	}
	var b strings.Builder
	for range n {
		for i := range 1 + random.IntN(4) {
			if i > 0 {
				b.WriteByte(',')
			}
			switch random.IntN(4) {
			case 0: // empty
			case 1:
				b.WriteString("x" + text("a", `"`, " ", ";", "\x00", "'"))
			case 2:
				b.WriteString(`"` + text("a", `""`, ",", "\n", "\r\n", "\r", "\x00", " ") + `"`)
			case 3:
				b.WriteString(`"` + text("a", `""`, ",", "\n") + `"y` + text("z", `"`))
			}
		}
		b.WriteString(pick("\n", "\r\n"))
	}
	return b.String()
}
