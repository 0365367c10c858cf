package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The pandas script gives the same bytes by itself, under GNU parallel, and under flashmob in each mode.
func TestThePandasJobIsTheSameHoweverItIsRun(t *testing.T) {
	python := "/usr/bin/python3" // Debian's, which has Debian's pandas
	if out, err := exec.Command(python, "-c", "import pandas").CombinedOutput(); err != nil {
		t.Skipf("no pandas here (apt-get install python3-pandas): %s", out)
	}
	dir := t.TempDir()
	script, err := filepath.Abs("../../examples/pandas/classify.py")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data.csv")
	var rows bytes.Buffer
	shell(t, dir, &rows, "flashmob generate --lines 20000 --seed 5")
	// What pandas has to take as it is: empty fields, quotes, what looks like nothing or a number, letters beyond ASCII.
	rows.WriteString("20000,,,NA,\"a, b\"\n020001,7.0,1e5,\"say \"\"hi\"\"\",naïve – ☃\n20002,null,-0,nan,\"two\nlines\"\n")
	if err := os.WriteFile(data, rows.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	shell(t, dir, &want, python+" "+script+" < data.csv")
	if n := bytes.Count(want.Bytes(), []byte("\n")); n != 20005 || !bytes.HasPrefix(want.Bytes(), []byte("ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION,CLASSIFICATION\n")) {
		t.Fatalf("by itself it gives %d lines", n)
	}
	for name, command := range map[string]string{
		"batch":     "--exec '" + python + " " + script + "'",
		"lines":     "--exec-mode lines --exec '" + python + " " + script + " lines'",
		"frames":    "--exec-mode frames --exec '" + python + " " + script + " frames'",
		"processes": "--processes 2 --exec '" + python + " " + script + "' --batch-rows 7000",
	} {
		shell(t, dir, nil, "flashmob run --local --input data.csv --compress none -q -o "+name+" "+command)
		got, err := os.ReadFile(filepath.Join(dir, name, "results.csv"))
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: results differ from the script's own, %v", name, err)
		}
	}
	if _, err := exec.LookPath("parallel"); err != nil {
		t.Log("GNU parallel is not here to be compared with")
		return
	}
	var parallel bytes.Buffer // it cuts at line ends, so the last row is left out
	shell(t, dir, &parallel, "head -20003 data.csv | parallel --will-cite --pipe -k --header : --block 1M "+python+" "+script+" | awk 'NR == 1 || !/^ID,SKU/'")
	if !bytes.HasPrefix(want.Bytes(), parallel.Bytes()) || bytes.Count(parallel.Bytes(), []byte("\n")) != 20003 {
		t.Error("under GNU parallel: results differ from the script's own")
	}
}

// shell runs a command line in a folder.
func shell(t *testing.T, dir string, stdout *bytes.Buffer, line string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", "set -eo pipefail; "+line)
	var stderr strings.Builder
	cmd.Dir, cmd.Stderr = dir, &stderr
	if stdout != nil {
		cmd.Stdout = stdout
	}
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, stderr.String())
	}
}

func TestTheFramesProtocolInOtherLanguages(t *testing.T) {
	examples, err := filepath.Abs("../../examples/frames")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data.csv"), []byte("id,name\n1,one\n2,two\n3,three\n4,four\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for program, c := range map[string]struct{ command, want string }{
		"node":    {"node " + examples + "/operator.js", "id,name,LENGTH\n1,one,5\n2,two,5\n3,three,7\n4,four,6\n"},
		"dd":      {"sh " + examples + "/operator.sh tr a-z A-Z", "id,name\n1,ONE\n2,TWO\n3,THREE\n4,FOUR\n"},
		"python3": {"PYTHONPATH=" + examples + " python3 -c \"import flashmob; flashmob.serve(bytes.swapcase)\"", "ID,NAME\n1,ONE\n2,TWO\n3,THREE\n4,FOUR\n"},
	} {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("no %s here", program)
			}
			shell(t, dir, nil, "flashmob run --local --input data.csv --compress none --batch-rows 3 -q --exec-mode frames -o "+program+" --exec '"+c.command+"'")
			if got, err := os.ReadFile(filepath.Join(dir, program, "results.csv")); err != nil || string(got) != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	t.Run("a header of two lines", func(t *testing.T) {
		table := "\"i\nd\",name\n1,one\n2,two\n3,three\n4,four\n"
		if err := os.WriteFile(filepath.Join(dir, "tall.csv"), []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		shell(t, dir, nil, "flashmob run --local --input tall.csv --compress none --batch-rows 3 -q --exec-mode frames -o tall"+
			" --exec 'PYTHONPATH="+examples+" python3 -c \"import flashmob; flashmob.serve(bytes.swapcase)\"'")
		if got, err := os.ReadFile(filepath.Join(dir, "tall", "results.csv")); err != nil || !bytes.EqualFold(got, []byte(table)) {
			t.Errorf("%q, %v", got, err)
		}
	})
	if module, err := os.ReadFile(filepath.Join(examples, "flashmob.py")); err != nil || bytes.Count(module, []byte("\n")) >= 60 {
		t.Errorf("the Python module has 60 lines or more, %v", err)
	}
}
