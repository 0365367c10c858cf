package flow_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"flashmob/flow"
)

// flagged returns an application that flags orders of more than limit.
func flagged(limit float64) *flow.Flow {
	return flow.New("flagged", flow.CSV).Column("SUSPICIOUS", func(dst, record []byte) ([]byte, error) {
		fields := flow.Fields(nil, record, ',')
		amount, err := strconv.ParseFloat(string(flow.Unquote(nil, fields[2])), 64)
		if err != nil {
			return nil, fmt.Errorf("amount %q is no number", fields[2])
		}
		return strconv.AppendBool(dst, amount > limit), nil
	})
}

func Example() {
	orders := `id,customer,amount
1,"Doe, Jane",19.90
2,"Roe, Richard",12000
3,Anonymous,free
`
	tally, rejects, err := flagged(1000).Apply(strings.NewReader(orders), os.Stdout, 0)
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range rejects {
		fmt.Printf("rejected: %s: %s\n", r.Record, r.Reason)
	}
	fmt.Printf("%d in = %d out + %d rejected\n", tally.In, tally.Out, tally.Rejected)
	// Output:
	// id,customer,amount,SUSPICIOUS
	// 1,"Doe, Jane",19.90,false
	// 2,"Roe, Richard",12000,true
	// rejected: 3,Anonymous,free: amount "free" is no number
	// 3 in = 2 out + 1 rejected
}
