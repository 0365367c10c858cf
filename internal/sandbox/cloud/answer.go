package cloud

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

const namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// Error is a refusal as EC2 words it: a stable code and a sentence.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// refuse makes the client error (status 400) that most refusals are.
func refuse(code, format string, args ...any) error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// done is the answer of calls that only succeed.
type done struct {
	Return bool `xml:"return"`
}

var ok = done{true}

// writeAnswer wraps body, a struct with EC2's element names, in the envelope of its action.
func writeAnswer(w http.ResponseWriter, action, requestID string, body any) error {
	var inner bytes.Buffer
	enc := xml.NewEncoder(&inner)
	if err := enc.EncodeElement(body, xml.StartElement{Name: xml.Name{Local: "body"}}); err != nil {
		return fmt.Errorf("encode answer of %s: %w", action, err)
	}
	fields := bytes.TrimSuffix(bytes.TrimPrefix(inner.Bytes(), []byte("<body>")), []byte("</body>"))
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	_, err := fmt.Fprintf(w, "%s<%sResponse xmlns=%q><requestId>%s</requestId>%s</%sResponse>",
		xml.Header, action, namespace, requestID, fields, action)
	return err
}

func writeError(w http.ResponseWriter, requestID string, e *Error) {
	var message bytes.Buffer
	_ = xml.EscapeText(&message, []byte(e.Message))
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(e.Status)
	_, _ = fmt.Fprintf(w, "%s<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"+
		"<RequestID>%s</RequestID></Response>", xml.Header, e.Code, message.Bytes(), requestID)
}

// Tags are an object's labels, by key.
type Tags map[string]string

type tagItem struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// items returns the tags sorted by key, as answers list them.
func (t Tags) items() []tagItem {
	var out []tagItem
	for _, k := range slices.Sorted(maps.Keys(t)) {
		out = append(out, tagItem{k, t[k]})
	}
	return out
}
