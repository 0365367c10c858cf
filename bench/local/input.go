package main

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"

	"flashmob/bench"
)

// makeInput writes an input of that many rows, with flashmob's generator where there is one, else with generate.
func makeInput(ctx context.Context, config Config, programs programs, file string, rows int) error {
	if _, err := os.Stat(file); err == nil {
		return nil // another job reads it too, or a benchmark before with the same folder
	}
	fmt.Fprintf(config.Log, "generating %d rows\n", rows)
	if programs.noFlashmob == "" {
		script := fmt.Sprintf("%s generate --lines %d --seed 1 > %s.part && mv %[3]s.part %[3]s", programs.flashmob, rows, file)
		_, err := bench.Run(ctx, bench.Command{Args: []string{"sh", "-c", script}})
		return err
	}
	out, err := os.Create(file + ".part")
	if err != nil {
		return err
	}
	defer out.Close()
	buffered := bufio.NewWriterSize(out, 1<<20)
	if err := generate(buffered, rows, 1); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}

// generate writes rows of the classifier's input: the row's number, a number to 100 000, a float in [0,1), the MD5 of
// the row's number in hexadecimal, and that of a number to 20 000 twice over: about 130 bytes.
func generate(out io.Writer, rows int, seed uint64) error {
	if _, err := io.WriteString(out, "ID,SKU,FLUX,MANUFACTURER_NAME,DESCRIPTION\n"); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	var row, number []byte
	digest := func(n int) {
		number = strconv.AppendInt(number[:0], int64(n), 10)
		sum := md5.Sum(number)
		row = hex.AppendEncode(row, sum[:])
	}
	for i := range rows {
		row = strconv.AppendInt(row[:0], int64(i), 10)
		row = append(row, ',')
		row = strconv.AppendInt(row, 1+random.Int64N(100_000), 10)
		row = append(row, ',')
		row = strconv.AppendFloat(row, random.Float64(), 'g', -1, 64)
		row = append(row, ',')
		digest(i)
		row = append(row, ',')
		described := 1 + random.IntN(20_000)
		digest(described)
		digest(described)
		row = append(row, '\n')
		if _, err := out.Write(row); err != nil {
			return err
		}
	}
	return nil
}
