package bench

// The places that a job can be done in, as Shape.Cloud names them.
const (
	Local   = "local"   // this machine, in this process or in some
	Hosts   = "hosts"   // hosts of the user's own, over SSH
	Sandbox = "sandbox" // the cloud on this machine
	AWS     = "aws"
)

// Where the defaults come from.
const (
	fromCluster  = "bench/results/cluster.json, on 2 cores"
	fromClusters = "between two machines of 2 cores: bench/results/cluster.json, and one on which processes start in half the time"
	fromBatches  = "bench/results/series-sandbox-batches-of-one-row.json: 3 200 to 5 200 on 2 cores that slots share"
	fromSeed     = "a Pulumi update of 4 EC2 instances in 2018 took 1m59.5s"
	fromNowhere  = "an assumption: it was never measured"
)

// Place returns what is assumed of a place before anything was measured there.
func Place(cloud string) Constants {
	k := Constants{
		Start: Assumed(0.01, 0, 0.05, fromCluster), Speed: Exactly(1), Overlap: Assumed(1.04, 0.95, 1.2, "bench/results/local.json"),
		Hop: Assumed(26e-9, 10e-9, 40e-9, fromCluster), LogRate: Assumed(200e6, 80e6, 600e6, fromNowhere),
		BatchRate: Assumed(4000, 3000, 10000, fromBatches), Packed: Assumed(0.5, 0.2, 1, fromNowhere),
		Uplink: Assumed(300e6, 100e6, 500e6, fromCluster), Downlink: Assumed(300e6, 100e6, 500e6, fromCluster),
	}
	if cloud == Local {
		return k
	}
	k.Start, k.StartHost = Assumed(0.15, 0.1, 0.4, fromCluster), Assumed(0.01, 0, 0.03, fromCluster)
	k.Stop, k.StopHost = Assumed(0.02, 0, 0.1, fromCluster), Assumed(0.06, 0, 0.1, fromCluster)
	switch cloud {
	case Sandbox:
		k.Provision, k.ProvisionHost = Assumed(3.7, 2, 6, fromClusters), Assumed(0.2, 0.05, 0.4, fromClusters)
		k.Launched = Assumed(1.2, 0.5, 3, fromCluster)
		k.Upload, k.UploadHost = Assumed(0.5, 0.05, 1.5, fromCluster), Assumed(0.1, 0, 0.3, fromCluster)
		k.Destroy, k.DestroyHost = Assumed(2.3, 1, 4, fromClusters), Assumed(0.05, 0, 0.1, fromClusters)
	case AWS:
		k.Provision, k.ProvisionHost = Assumed(90, 45, 150, fromSeed), Assumed(0.5, 0, 2, fromNowhere)
		k.Launched = Assumed(30, 15, 60, fromNowhere)
		k.Upload, k.UploadHost = Assumed(3, 1, 15, fromNowhere), Assumed(0.5, 0.1, 2, fromNowhere)
		k.Destroy, k.DestroyHost = Assumed(60, 35, 150, fromNowhere), Assumed(0.2, 0, 1, fromNowhere)
		k.Start, k.StartHost = Assumed(1.5, 0.5, 5, fromNowhere), Assumed(0.01, 0, 0.05, fromNowhere)
		k.Speed = Assumed(1, 0.6, 1.5, "a slot there is taken for as fast as one here")
	}
	if cloud == AWS || cloud == Hosts {
		k.Uplink, k.Downlink = Assumed(6e6, 1e6, 60e6, fromNowhere), Assumed(12e6, 2e6, 100e6, fromNowhere)
	}
	return k
}
