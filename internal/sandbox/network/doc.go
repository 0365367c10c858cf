// Package network wires hosts together and to the operator, leaving one interface in the root namespace.
//
//	root namespace            switch namespace                        a host's namespace
//
//	fmN 198.18.N.1 ───veth─── uplink 198.18.N.254
//	  route 198.18.N.0/24       route PUBLIC/32 → bridge
//	                            bridge of a VPC, 10.0.1.1 ───veth─── eth0 10.0.1.5/16, PUBLIC/32
//
// Hosts of one VPC share a bridge and see each other's private addresses; two VPCs may use the same range. The operator
// reaches a host by its public address only, and hosts see the operator as 198.18.N.1. N is free on this machine: to
// create the interface named after it is to reserve it.
//
// The switch namespace has no name and no process. Open files hold it: the server's and one in every host. When the
// last of them ends, however it ends, the kernel takes the namespace, its bridges and both ends of every pair.
package network
