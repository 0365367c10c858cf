package manifest

// CreateRest begins a folder in dir for the rest of a run whose first parts, done, are in another folder. Parts lists all;
// the files hold what comes after done. It cannot be finished: whoever has the first parts appends these to them.
func CreateRest(dir string, run Run, done []Part) (*Folder, error) {
	f, err := Create(dir, run)
	if err != nil {
		return nil, err
	}
	f.Parts, f.Elsewhere = append([]Part{}, done...), len(done)
	for _, part := range done {
		f.Totals.Add(part.Tally)
		f.size += part.Bytes
	}
	f.away = f.size
	return f, nil
}
