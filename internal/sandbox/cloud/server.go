package cloud

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// action is one operation of the API. It is called with the lock held.
type action func(*Cloud, query) (any, error)

// actions are the operations that the sandbox knows. Whatever is named Describe leaves the account unchanged.
var actions = map[string]action{
	"CreateVpc":                     (*Cloud).createVpc,
	"DescribeVpcs":                  (*Cloud).describeVpcs,
	"DeleteVpc":                     (*Cloud).deleteVpc,
	"ModifyVpcAttribute":            (*Cloud).modifyVpcAttribute,
	"DescribeVpcAttribute":          (*Cloud).describeVpcAttribute,
	"CreateSubnet":                  (*Cloud).createSubnet,
	"DescribeSubnets":               (*Cloud).describeSubnets,
	"DeleteSubnet":                  (*Cloud).deleteSubnet,
	"ModifySubnetAttribute":         (*Cloud).modifySubnetAttribute,
	"CreateInternetGateway":         (*Cloud).createInternetGateway,
	"DescribeInternetGateways":      (*Cloud).describeInternetGateways,
	"DeleteInternetGateway":         (*Cloud).deleteInternetGateway,
	"AttachInternetGateway":         (*Cloud).attachInternetGateway,
	"DetachInternetGateway":         (*Cloud).detachInternetGateway,
	"CreateRouteTable":              (*Cloud).createRouteTable,
	"DescribeRouteTables":           (*Cloud).describeRouteTables,
	"DeleteRouteTable":              (*Cloud).deleteRouteTable,
	"CreateRoute":                   (*Cloud).createRoute,
	"DeleteRoute":                   (*Cloud).deleteRoute,
	"AssociateRouteTable":           (*Cloud).associateRouteTable,
	"DisassociateRouteTable":        (*Cloud).disassociateRouteTable,
	"CreateSecurityGroup":           (*Cloud).createSecurityGroup,
	"DescribeSecurityGroups":        (*Cloud).describeSecurityGroups,
	"DeleteSecurityGroup":           (*Cloud).deleteSecurityGroup,
	"AuthorizeSecurityGroupIngress": authorize(ingress),
	"AuthorizeSecurityGroupEgress":  authorize(egress),
	"RevokeSecurityGroupIngress":    revoke(ingress),
	"RevokeSecurityGroupEgress":     revoke(egress),
	"ImportKeyPair":                 (*Cloud).importKeyPair,
	"DescribeKeyPairs":              (*Cloud).describeKeyPairs,
	"DeleteKeyPair":                 (*Cloud).deleteKeyPair,
	"RunInstances":                  (*Cloud).runInstances,
	"DescribeInstances":             (*Cloud).describeInstances,
	"TerminateInstances":            (*Cloud).terminateInstances,
	"ModifyInstanceAttribute":       (*Cloud).modifyInstanceAttribute,
	"DescribeInstanceAttribute":     (*Cloud).describeInstanceAttribute,
	"DescribeVolumes":               (*Cloud).describeVolumes,
	"DeleteVolume":                  (*Cloud).deleteVolume,
	"CreateTags":                    (*Cloud).createTags,
	"DeleteTags":                    (*Cloud).deleteTags,
	"DescribeTags":                  (*Cloud).describeTags,
	"DescribeAvailabilityZones":     (*Cloud).describeAvailabilityZones,
	"DescribeRegions":               (*Cloud).describeRegions,
	"DescribeAddresses":             (*Cloud).describeAddresses,
	"ReleaseAddress":                (*Cloud).releaseAddress,
	"DescribeImages":                (*Cloud).describeImages,
	"DescribeInstanceTypes":         (*Cloud).describeInstanceTypes,
	"DescribeInstanceTypeOfferings": (*Cloud).describeInstanceTypeOfferings,
}

// Handler serves the API. Beside EC2's query protocol it answers ssm GetParameter for public image parameters, sts
// GetCallerIdentity, and under /_sandbox/ the orders for faults.
func (c *Cloud) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", c.serve)
	mux.HandleFunc("GET /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(c.Ordered())
	})
	mux.HandleFunc("POST /_sandbox/faults", c.serveOrder)
	mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		if err := c.Clear(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return c.guard(mux)
}

// guard lets only calls in that are signed for this cloud's access key. The key's ID is random and is the secret here:
// whoever may start hosts may run programs as root, so another user of the machine must not.
func (c *Cloud) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.config.Key != "" && !strings.Contains(r.Header.Get("Authorization"), "Credential="+c.config.Key+"/") {
			writeError(w, newID("req"), &Error{http.StatusUnauthorized, "AuthFailure",
				"AWS was not able to validate the provided access credentials"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Cloud) serveOrder(w http.ResponseWriter, r *http.Request) {
	var f Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&f)
	if err == nil {
		err = c.Order(f)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c.serveSSM(w, r, target)
		return
	}
	requestID := newID("req")
	if err := r.ParseForm(); err != nil {
		writeError(w, requestID, &Error{http.StatusBadRequest, "MalformedQueryString", err.Error()})
		return
	}
	name := r.PostForm.Get("Action")
	body, err := c.Do(name, r.PostForm)
	var refused *Error
	switch {
	case errors.As(err, &refused):
		writeError(w, requestID, refused)
	case err != nil:
		writeError(w, requestID, &Error{http.StatusInternalServerError, "InternalError", err.Error()})
	case name == "GetCallerIdentity":
		writeIdentity(w, requestID)
	default:
		if err := writeAnswer(w, name, requestID, body); err != nil {
			c.log.Error("answer", "action", name, "err", err)
		}
	}
}

// Do performs one call: faults first, then the action, then the state is saved before anyone hears of it.
func (c *Cloud) Do(name string, values url.Values) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	do, known := actions[name]
	if name == "GetCallerIdentity" {
		do, known = func(*Cloud, query) (any, error) { return nil, nil }, true
	}
	if !known {
		return nil, refuse("InvalidAction", "The action %s is not valid for this web service.", name)
	}
	fault := c.callFault(name)
	if fault != nil && !fault.Lost {
		return nil, errors.Join(fault.error(), c.persistErr())
	}
	before := c.all()
	body, err := do(c, query{values: values, late: c.late})
	c.hideNew(name, before)
	if err != nil || strings.HasPrefix(name, "Describe") && fault == nil {
		return body, err
	}
	if err := c.persistErr(); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault.error()
	}
	return body, nil
}
