package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// plainHandler writes log records for people: "warning: worker ended (host workers-2, how signal: killed)".
type plainHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h *plainHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	var details []string
	add := func(a slog.Attr) bool {
		details = append(details, fmt.Sprintf("%s %v", a.Key, a.Value))
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line := r.Message
	if len(details) > 0 {
		line += " (" + strings.Join(details, ", ") + ")"
	}
	switch {
	case r.Level >= slog.LevelError:
		line = "error: " + line
	case r.Level >= slog.LevelWarn:
		line = "warning: " + line
	}
	_, err := fmt.Fprintln(h.out, printableLines(line))
	return err
}

func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	more.attrs = append(append([]slog.Attr{}, h.attrs...), attrs...)
	return &more
}

func (h *plainHandler) WithGroup(string) slog.Handler { return h }
