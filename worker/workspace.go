package worker

import "sync"

// workspace is what a slot needs to put a batch through an operator.
type workspace struct {
	raw, accepted []byte // the bytes of a batch, and of the records in it that are whole
	room          []byte // for what the operator makes of them
}

// workspaces are those that the lanes of a slot do not need just now. What was given back last is taken first: it is still in
// a core's cache. Safe for concurrent use.
type workspaces struct {
	mu   sync.Mutex
	free []workspace
}

func (m *workspaces) take() workspace {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) == 0 {
		return workspace{}
	}
	last := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	return last
}

func (m *workspaces) give(back workspace) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, back)
}
