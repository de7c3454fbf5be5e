// Package count tells whoever measures how far a peer has come: `first` with the first records, `done` with the last.
package count

import (
	"flag"
	"fmt"
	"sync/atomic"
)

// Flags of every peer.
var (
	Stream      = flag.String("stream", "", "")
	Application = flag.String("application", "", "")
	records     = flag.Int64("records", 0, "")
)

var seen atomic.Int64

// Done is closed with the last record.
var Done = make(chan struct{})

// Add counts records that a program was handed.
func Add(n int) {
	after := seen.Add(int64(n))
	if after == int64(n) {
		fmt.Println("first")
	}
	if after >= *records && after-int64(n) < *records {
		fmt.Println("done")
		close(Done)
	}
}
