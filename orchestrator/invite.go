package orchestrator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"flashmob/manifest"
	"flashmob/worker"
)

// invitationFile lies in the folder of a run that goes on, where workers of other processes may join it. Only its owner can
// read it: it has the run's token.
const invitationFile = "invitation.json"

// invite leaves an invitation for workers that join later.
func (o *Orchestrator) invite(invitation worker.Invitation) error {
	text, err := json.Marshal(invitation)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.folder.Work(), 0o755); err != nil {
		return fmt.Errorf("invite workers: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.folder.Work(), invitationFile), text, 0o600); err != nil {
		return fmt.Errorf("invite workers: %w", err)
	}
	return nil
}

// ErrNotJoinable says that there is no run in a folder that others could join.
var ErrNotJoinable = errors.New("no run goes on there that has worker processes")

// Invited returns the invitation to the run that goes on in a result folder.
func Invited(output string) (invitation worker.Invitation, err error) {
	text, err := os.ReadFile(filepath.Join((&manifest.Folder{Dir: output}).Work(), invitationFile))
	if errors.Is(err, fs.ErrNotExist) {
		return invitation, fmt.Errorf("join %s: %w", output, ErrNotJoinable)
	}
	if err == nil {
		err = json.Unmarshal(text, &invitation)
	}
	if err != nil {
		return invitation, fmt.Errorf("join %s: %w", output, err)
	}
	return invitation, nil
}
