package inventory_test

import (
	"fmt"
	"log"

	"flashmob/inventory"
)

func Example() {
	inv, err := inventory.Parse([]byte(`
initializer:
  hosts:
    big: {ansible_host: 192.168.1.2, ansible_user: ann}
workers:
  hosts:
    small: {ansible_host: 192.168.1.20, ansible_port: 2022}
`))
	if err != nil {
		log.Fatal(err)
	}
	for _, host := range inv.Processing() {
		fmt.Println(host.Name, host.Role, host.HostPort())
	}
	// Output:
	// big initializer 192.168.1.2:22
	// small worker 192.168.1.20:2022
}

func ExampleInventory_Encode() {
	inv := inventory.Inventory{Hosts: []inventory.Host{
		{Name: "initializer-1", Role: inventory.Initializer, Addr: "203.0.113.11", User: "ubuntu"},
		{Name: "workers-1", Role: inventory.Worker, Addr: "203.0.113.12", User: "ubuntu", Arch: "arm64"},
	}}
	file, err := inv.Encode()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(file))
	// Output:
	// all:
	//   children:
	//     metrics_host:
	//       hosts: {}
	//     initializer:
	//       hosts:
	//         "initializer-1":
	//           ansible_host: "203.0.113.11"
	//           ansible_user: "ubuntu"
	//     workers:
	//       hosts:
	//         "workers-1":
	//           ansible_host: "203.0.113.12"
	//           ansible_user: "ubuntu"
	//           flashmob_arch: "arm64"
}
