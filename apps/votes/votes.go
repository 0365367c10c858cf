// Package votes adds up votes for the letters of the alphabet and says each letter's total after every vote.
//
//	input    frames of 5 bytes: a letter, and how many votes it gets as a big-endian number of 32 bits
//	results  letter => total     a line for each vote, in the order of the input
//
// The letters a to z are declared, so they are dealt to the partitions in turn; any other byte is a key too, and is dealt
// by its hash. Totals have 64 bits. Frames of another length are rejected.
package votes

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"flashmob/flow"
)

// Name is what the application is called on the command line and in manifests.
const Name = "votes"

// Settings are the application's knobs.
type Settings struct {
	// Delay is how long each vote keeps its letter's owner busy. Defaults to 0.
	Delay time.Duration `json:"delay,omitempty"`
}

// size is the length of a vote.
const size = 5

// Flow returns the application with the given settings.
func Flow(s Settings) (*flow.Flow, error) {
	if s.Delay < 0 {
		return nil, fmt.Errorf("delay %s: must not be negative", s.Delay)
	}
	var letters []string
	for letter := 'a'; letter <= 'z'; letter++ {
		letters = append(letters, string(letter))
	}
	return flow.New(Name, flow.Frames).Update("votes", send, s.add).Declare(letters...), nil
}

func send(vote []byte, send *flow.Sender) {
	if len(vote) != size {
		send.Reject(fmt.Sprintf("%d bytes, want %d", len(vote), size))
		return
	}
	send.Send(vote[:1], vote[1:])
}

// add adds votes to a letter's total, which is the state.
func (s Settings) add(total []byte, u *flow.Update) []byte {
	if total == nil {
		total = make([]byte, 8)
	}
	sum := binary.BigEndian.Uint64(total) + uint64(binary.BigEndian.Uint32(u.Value))
	binary.BigEndian.PutUint64(total, sum)
	if s.Delay > 0 {
		time.Sleep(s.Delay)
	}
	var room [32]byte
	u.Emit(strconv.AppendUint(append(append(room[:0], u.Key...), " => "...), sum, 10))
	return total
}
