package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flashmob/internal/sandbox"
)

// order makes something go wrong in a sandbox from now on.
func order(ctx context.Context, s *sandbox.Sandbox, words []string) error {
	fault, err := readFault(words)
	if err != nil {
		return err
	}
	return s.Order(ctx, fault)
}

// readFault reads a kind of fault and what narrows it down, FIELD=VALUE.
func readFault(words []string) (sandbox.Fault, error) {
	var fault sandbox.Fault
	if len(words) == 0 {
		return fault, fmt.Errorf("order: what? KIND [FIELD=VALUE ...]")
	}
	fields := map[string]any{"kind": words[0]}
	for _, word := range words[1:] {
		name, text, found := strings.Cut(word, "=")
		if !found {
			return fault, fmt.Errorf("order %q: not FIELD=VALUE", word)
		}
		value, err := readValue(name, text)
		if err != nil {
			return fault, fmt.Errorf("order %q: %w", word, err)
		}
		fields[name] = value
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return fault, err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		return fault, fmt.Errorf("order: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return fault, nil
}

// readValue is a field's value as JSON has it.
func readValue(name, text string) (any, error) {
	switch name {
	case "for", "after":
		return time.ParseDuration(text)
	case "skip", "times", "status", "rate":
		return strconv.Atoi(text)
	case "spot", "lost":
		return strconv.ParseBool(text)
	}
	return text, nil
}
