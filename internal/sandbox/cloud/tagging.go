package cloud

import (
	"maps"
	"slices"
	"strings"
)

func (c *Cloud) createTags(q query) (any, error) {
	objects, err := c.resources(q)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		for _, t := range q.each("Tag") {
			o.tags()[t.get("Key")] = t.get("Value")
		}
	}
	return ok, nil
}

func (c *Cloud) deleteTags(q query) (any, error) {
	objects, err := c.resources(q)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		for _, t := range q.each("Tag") {
			if !t.has("Value") || o.tags()[t.get("Key")] == t.get("Value") {
				delete(o.tags(), t.get("Key"))
			}
		}
	}
	return ok, nil
}

func (c *Cloud) resources(q query) ([]object, error) {
	all := c.all()
	var out []object
	for _, id := range q.list("ResourceId") {
		o, found := all[id]
		if !found {
			return nil, refuse("InvalidID", "The ID '%s' is not valid", id)
		}
		out = append(out, o)
	}
	return out, nil
}

type tagXML struct {
	Resource string `xml:"resourceId"`
	Type     string `xml:"resourceType"`
	Key      string `xml:"key"`
	Value    string `xml:"value"`
}

func (c *Cloud) describeTags(q query) (any, error) {
	var out struct {
		Tags []tagXML `xml:"tagSet>item"`
	}
	all, filters := c.all(), q.filters()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		tags := all[id].tags()
		for _, t := range tags.items() {
			item := tagXML{id, resourceType(id), t.Key, t.Value}
			matched, err := match(filters, attributes{"resource-id": {id}, "resource-type": {item.Type},
				"key": {t.Key}, "value": {t.Value}}, Tags{t.Key: t.Value})
			if err != nil {
				return nil, err
			}
			if matched {
				out.Tags = append(out.Tags, item)
			}
		}
	}
	return out, nil
}

// resourceType reads an object's type from its ID, as tags name it.
func resourceType(id string) string {
	prefix, _, _ := strings.Cut(id, "-")
	return map[string]string{"vpc": "vpc", "subnet": "subnet", "igw": "internet-gateway", "rtb": "route-table",
		"sg": "security-group", "key": "key-pair", "i": "instance", "vol": "volume"}[prefix]
}
