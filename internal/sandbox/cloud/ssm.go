package cloud

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// serveSSM answers Systems Manager's JSON protocol for the one call that finding an image needs.
func (c *Cloud) serveSSM(w http.ResponseWriter, r *http.Request, target string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer := func(status int, v any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	type failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if target != "AmazonSSM.GetParameter" {
		answer(http.StatusBadRequest, failure{"UnknownOperationException", target})
		return
	}
	c.mu.Lock()
	fault := c.callFault("GetParameter")
	c.mu.Unlock()
	if fault != nil {
		e := fault.error()
		answer(e.Status, failure{e.Code, e.Message})
		return
	}
	var in struct{ Name string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		answer(http.StatusBadRequest, failure{"SerializationException", err.Error()})
		return
	}
	value, found := imageParameter(in.Name)
	if !found {
		answer(http.StatusBadRequest, failure{"ParameterNotFound", in.Name})
		return
	}
	answer(http.StatusOK, map[string]any{"Parameter": map[string]any{"Name": in.Name, "Type": "String", "Value": value,
		"Version": 1, "DataType": "aws:ec2:image", "LastModifiedDate": 1.777e9,
		"ARN": "arn:aws:ssm:" + c.config.Region + "::parameter" + in.Name}})
}

// writeIdentity answers sts GetCallerIdentity, whose envelope differs from EC2's.
func writeIdentity(w http.ResponseWriter, requestID string) {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(w, `%s<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">`+
		`<GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/sandbox</Arn><UserId>AIDASANDBOX</UserId>`+
		`<Account>%s</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>`+
		`</GetCallerIdentityResponse>`, xml.Header, account, account, requestID)
}
