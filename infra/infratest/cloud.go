// Package infratest is a cloud for tests: EC2's query API, as far as sweeping needs it, over a map.
//
// It keeps the rule that matters: what is in use cannot be deleted. Faults are set by the test. It makes no hosts; a
// cloud with real ones is the sandbox.
package infratest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Thing is one resource of the cloud.
type Thing struct {
	Kind  string // instance, volume, key-pair, security-group, subnet, route-table, internet-gateway, vpc, address
	ID    string
	Tags  map[string]string
	Type  string // instance type
	Spot  bool
	State string   // of an instance: running, or pending for ever, then terminated
	Uses  []string // IDs that cannot go before this one
	Zone  string

	Reason string // why an instance ended

	made time.Time
}

// Cloud is a region of an account. It has an HTTP server while the test runs.
type Cloud struct {
	// Refuse, if set, may refuse what is to be created with an error text, "InsufficientInstanceCapacity: …".
	Refuse func(Thing) string
	// Hangs, if set, says which instances stay pending for ever; whoever makes one hears so at once.
	Hangs func(Thing) bool
	// Created, if set, hears of everything that was created, before the caller does.
	Created func(Thing)
	// Stuck are the IDs of things that never go.
	Stuck []string
	// Late is how long a thing is missing from the lists after it was made.
	Late time.Duration
	// Page, if set, is how many things a list has at most before it says that there are more.
	Page int
	// Throttle is how many calls are yet to be refused with RequestLimitExceeded.
	Throttle int

	mu     sync.Mutex
	things map[string]*Thing
	next   int
	calls  []string
	server *httptest.Server
}

// New starts a cloud and points the AWS SDK of this process and its children at it.
func New(t testing.TB) *Cloud {
	c := &Cloud{things: map[string]*Thing{}}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	for _, env := range [][2]string{
		{"AWS_ENDPOINT_URL", c.server.URL}, {"AWS_ACCESS_KEY_ID", "test"}, {"AWS_SECRET_ACCESS_KEY", "test"},
		{"AWS_EC2_METADATA_DISABLED", "true"}, {"AWS_CONFIG_FILE", "/dev/null"}, {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
		{"AWS_PROFILE", ""}, {"AWS_MAX_ATTEMPTS", "1"},
	} {
		t.Setenv(env[0], env[1])
	}
	return c
}

// Add puts a thing into the cloud and returns its ID.
func (c *Cloud) Add(thing Thing) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(thing)
}

func (c *Cloud) add(thing Thing) string {
	c.next++
	thing.ID = fmt.Sprintf("%s-%04d", thing.Kind, c.next)
	thing.made = time.Now()
	if thing.Kind == "instance" && thing.State == "" {
		thing.State = "running"
	}
	c.things[thing.ID] = &thing
	return thing.ID
}

// Things are those that exist, of one kind or of all (""), oldest first. A terminated instance does not exist.
func (c *Cloud) Things(kind string) []Thing {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Thing
	for _, t := range c.things {
		if (kind == "" || t.Kind == kind) && t.State != "terminated" {
			all = append(all, *t)
		}
	}
	slices.SortFunc(all, func(a, b Thing) int { return strings.Compare(a.ID[len(a.ID)-4:], b.ID[len(b.ID)-4:]) })
	return all
}

// Kill ends an instance as its own power-off would.
func (c *Cloud) Kill(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.things[id].State = "terminated"
}

// Calls are the names of the API calls so far.
func (c *Cloud) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// ServeHTTP answers the query API, and /create, /delete and /read with JSON for a provider in another process.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/create":
		c.serveCreate(w, r)
	case "/delete":
		c.mu.Lock()
		code := c.remove(r.FormValue("id"))
		c.mu.Unlock()
		fmt.Fprint(w, code)
	case "/read":
		c.mu.Lock()
		t := c.things[r.FormValue("id")]
		c.mu.Unlock()
		if t == nil || t.State == "terminated" {
			http.NotFound(w, r)
		}
	default:
		c.serveQuery(w, r)
	}
}

func (c *Cloud) serveCreate(w http.ResponseWriter, r *http.Request) {
	var thing Thing
	if err := json.NewDecoder(r.Body).Decode(&thing); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if c.Refuse != nil {
		if text := c.Refuse(thing); text != "" {
			http.Error(w, text, http.StatusConflict)
			return
		}
	}
	if c.Hangs != nil && thing.Kind == "instance" && c.Hangs(thing) {
		thing.State = "pending"
		w.WriteHeader(http.StatusAccepted)
	}
	thing.ID = c.Add(thing)
	if c.Created != nil {
		c.Created(thing)
	}
	fmt.Fprint(w, thing.ID)
}

// remove deletes a thing and returns the error code, "" for done. It needs the lock.
func (c *Cloud) remove(id string) string {
	thing := c.things[id]
	switch {
	case thing == nil || thing.State == "terminated":
		return "InvalidID.NotFound"
	case slices.Contains(c.Stuck, id):
		return "UnauthorizedOperation"
	}
	if thing.Kind == "instance" {
		thing.State = "terminated"
		for _, other := range c.things { // its disk goes with it
			if other.Kind == "volume" && slices.Contains(other.Uses, id) {
				delete(c.things, other.ID)
			}
		}
		return ""
	}
	for _, other := range c.things {
		if other.State != "terminated" && slices.Contains(other.Uses, id) {
			return "DependencyViolation"
		}
	}
	delete(c.things, id)
	return ""
}

func (c *Cloud) release(id string) {
	if thing := c.things[id]; thing != nil {
		thing.Uses = nil
	}
}

// describe says how a list call is answered: the set's element, the ID's, and more elements of an item.
var describe = map[string]struct{ kind, set, id string }{
	"DescribeInstances":        {"instance", "", "instanceId"},
	"DescribeAddresses":        {"address", "addressesSet", "allocationId"},
	"DescribeVolumes":          {"volume", "volumeSet", "volumeId"},
	"DescribeKeyPairs":         {"key-pair", "keySet", "keyPairId"},
	"DescribeSecurityGroups":   {"security-group", "securityGroupInfo", "groupId"},
	"DescribeSubnets":          {"subnet", "subnetSet", "subnetId"},
	"DescribeRouteTables":      {"route-table", "routeTableSet", "routeTableId"},
	"DescribeInternetGateways": {"internet-gateway", "internetGatewaySet", "internetGatewayId"},
	"DescribeVpcs":             {"vpc", "vpcSet", "vpcId"},
}

func (c *Cloud) serveQuery(w http.ResponseWriter, r *http.Request) {
	action := r.FormValue("Action")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, action)
	w.Header().Set("Content-Type", "text/xml")
	if c.Throttle > 0 {
		c.Throttle--
		refuse(w, http.StatusServiceUnavailable, "RequestLimitExceeded", "too many calls")
		return
	}
	body := ""
	switch d, list := describe[action]; {
	case list:
		var next string
		body, next = c.page(r, d.kind, d.id)
		if action == "DescribeInstances" {
			body = "<reservationSet><item><instancesSet>" + body + "</instancesSet></item></reservationSet>"
		} else {
			body = "<" + d.set + ">" + body + "</" + d.set + ">"
		}
		if next != "" {
			body += "<nextToken>" + next + "</nextToken>"
		}
	case action == "DetachInternetGateway":
		c.release(r.FormValue("InternetGatewayId"))
	case action == "DisassociateRouteTable":
		c.release(r.FormValue("AssociationId")) // an association goes by its table's ID here
	default:
		for _, field := range []string{"InstanceId.1", "AllocationId", "VolumeId", "KeyPairId", "GroupId", "SubnetId", "RouteTableId", "InternetGatewayId", "VpcId"} {
			id := r.FormValue(field)
			if id == "" {
				continue
			}
			if code := c.remove(id); code != "" {
				refuse(w, http.StatusBadRequest, code, action+" of "+id)
				return
			}
			break
		}
	}
	fmt.Fprintf(w, `<%sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>%s</%[1]sResponse>`, action, body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>r</RequestID></Response>", code, message)
}

// page returns the items of one page of a list, and the token of the next one: the last ID of this. Key pairs and
// addresses come whole, as in EC2. It needs the lock.
func (c *Cloud) page(r *http.Request, kind, id string) (items, next string) {
	size := c.Page
	if size == 0 || kind == "key-pair" || kind == "address" {
		size = len(c.things)
	}
	for _, name := range slices.Sorted(maps.Keys(c.things)) {
		thing := c.things[name]
		if thing.Kind != kind || !thing.matches(r) || name <= r.FormValue("NextToken") || time.Since(thing.made) < c.Late {
			continue
		}
		if size--; size < 0 {
			return items, next
		}
		items += thing.item(id)
		next = name
	}
	return items, ""
}

func (t *Thing) matches(r *http.Request) bool {
	if id := r.FormValue("InstanceId.1"); id != "" && id != t.ID {
		return false
	}
	for i := 1; ; i++ {
		name, value := r.FormValue(fmt.Sprintf("Filter.%d.Name", i)), r.FormValue(fmt.Sprintf("Filter.%d.Value.1", i))
		key, byTag := strings.CutPrefix(name, "tag:")
		switch {
		case name == "":
			return true
		case name == "tag-key" && t.Tags[value] == "", byTag && t.Tags[key] != value:
			return false
		}
	}
}

func (t *Thing) item(id string) string {
	var b strings.Builder
	element := func(name, value string) {
		fmt.Fprintf(&b, "<%s>", name)
		xml.EscapeText(&b, []byte(value))
		fmt.Fprintf(&b, "</%s>", name)
	}
	b.WriteString("<item>")
	element(id, t.ID)
	switch t.Kind {
	case "instance":
		element("instanceType", t.Type)
		element("launchTime", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Format(time.RFC3339))
		fmt.Fprintf(&b, "<instanceState><name>%s</name></instanceState>", t.State)
		if t.Reason != "" {
			b.WriteString("<stateReason>")
			element("message", t.Reason)
			b.WriteString("</stateReason>")
		}
		if t.Spot {
			element("instanceLifecycle", "spot")
		}
	case "internet-gateway":
		b.WriteString("<attachmentSet>")
		for _, vpc := range t.Uses {
			fmt.Fprintf(&b, "<item><vpcId>%s</vpcId></item>", vpc)
		}
		b.WriteString("</attachmentSet>")
	case "route-table":
		fmt.Fprintf(&b, "<associationSet><item><main>false</main><routeTableAssociationId>%s</routeTableAssociationId></item></associationSet>", t.ID)
	}
	b.WriteString("<tagSet>")
	for key, value := range t.Tags {
		b.WriteString("<item>")
		element("key", key)
		element("value", value)
		b.WriteString("</item>")
	}
	b.WriteString("</tagSet></item>")
	return b.String()
}
