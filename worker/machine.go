package worker

import (
	"runtime"

	"github.com/prometheus/procfs"
)

// Machine is how a host is. What cannot be found out is left out: nil is not zero.
type Machine struct {
	Cores     int      `json:"cores"`
	Load      *float64 `json:"load,omitempty"`      // threads that run or want to, over the last minute
	Memory    *uint64  `json:"memory,omitempty"`    // bytes that it has
	Available *uint64  `json:"available,omitempty"` // bytes that programs could still get
	Resident  *uint64  `json:"resident,omitempty"`  // bytes that this process holds
}

// ThisMachine returns how this host is, as far as its /proc says.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU()}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return m
	}
	if load, err := proc.LoadAvg(); err == nil {
		m.Load = &load.Load1
	}
	if memory, err := proc.Meminfo(); err == nil {
		m.Memory, m.Available = memory.MemTotalBytes, memory.MemAvailableBytes
	}
	if self, err := proc.Self(); err == nil {
		if stat, err := self.Stat(); err == nil {
			resident := uint64(stat.ResidentMemory())
			m.Resident = &resident
		}
	}
	return m
}
