package orchestrator

import (
	"strings"

	"flashmob/flow"
	"flashmob/manifest"
)

// distrust sees to it that nobody goes on with a run whose results so far cannot be trusted, as the error says that ended it:
// in its text, for it may come from a host.
func distrust(folder *manifest.Folder, err error) error {
	if folder == nil || err == nil || !strings.Contains(err.Error(), flow.ErrUntrusted.Error()) {
		return nil
	}
	return folder.Distrust()
}
