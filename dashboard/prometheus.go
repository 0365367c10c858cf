package dashboard

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"flashmob/worker"
)

// metricsHandler shows what a Collector collects in Prometheus' format. All is read at the moment that it is asked for.
func metricsHandler(c *Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(exporter{c})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// bounds are the upper bounds of the buckets of latencies.
var bounds = []time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, time.Minute, 10 * time.Minute,
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("flashmob_"+name, help, labels, nil)
}

var (
	runInfo       = describe("run_info", "The run: always 1.", "run", "app", "state")
	recordsOut    = describe("records_out_total", "Records gathered that are reflected in the results.")
	recordsBad    = describe("records_rejected_total", "Records gathered that stand in the rejects.", "reason")
	inputRows     = describe("input_covered_rows", "Rows of generated input that are gathered.")
	inputBytes    = describe("input_covered_bytes", "Bytes of the input that are gathered.")
	inputAllRows  = describe("input_rows", "Rows of generated input in all.")
	inputAllBytes = describe("input_bytes", "Bytes of the input in all, where that is known.")
	resultBytes   = describe("result_bytes_total", "Bytes of results gathered, compressed.")
	batchesOut    = describe("batches_out", "Batches that are handed out and not back.")
	untaken       = describe("exchange_backlog_bytes", "Bytes that owners of partitions have still to take in.")
	redelivered   = describe("batches_redelivered_total", "Batches that were handed out more than once.")
	takenOver     = describe("partitions_taken_over_total", "Partitions whose owner was lost or left.")
	dropped       = describe("parts_dropped_total", "Parts that came for a range that was covered already.")

	workerUp      = describe("worker_up", "Whether the worker is at work: 0 when it is lost or has left.", "worker")
	workerSlots   = describe("worker_slots", "Slots of the worker.", "worker")
	workerBusy    = describe("worker_busy_slots", "Slots of the worker that are at work.", "worker")
	stageRecords  = describe("stage_records_total", "Records that went through a stage of a batch's life.", "worker", "stage")
	stageBytes    = describe("stage_bytes_total", "Bytes that went into a stage of a batch's life, decompressed.", "worker", "stage")
	stageRejected = describe("stage_records_rejected_total", "Records that a stage rejected.", "worker", "stage")
	stageAgain    = describe("stage_batches_redelivered_total", "Batches in a stage that had been handed out before.", "worker", "stage")
	stageLatency  = describe("stage_batch_duration_seconds", "How long batches took at a stage of their life; whole is from the hand-out to the written results.", "worker", "stage")

	hostLoad      = describe("host_load1", "Threads that run or want to, over the last minute.", "host")
	hostCores     = describe("host_cores", "Cores of the host.", "host")
	hostMemory    = describe("host_memory_bytes", "Memory that the host has.", "host")
	hostAvailable = describe("host_memory_available_bytes", "Memory that programs on the host could still get.", "host")
	hostResident  = describe("worker_resident_bytes", "Memory that the worker's process holds.", "host")

	clusterCost = describe("cluster_cost_dollars", "What the cluster has cost so far, as far as its parts have a price.")
	clusterEnds = describe("cluster_ttl_seconds", "Until the first host powers itself off.")
)

// exporter makes metrics of a Collector. What is not known is left out.
type exporter struct{ c *Collector }

// Describe implements prometheus.Collector: what there is depends on the run.
func (e exporter) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (e exporter) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), valid(labels)...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, valid(labels)...)
	}
	v := e.c.View()
	if v.Cluster != nil {
		gauge(clusterCost, v.Cluster.Dollars)
		if v.Cluster.EndsIn != nil {
			gauge(clusterEnds, *v.Cluster.EndsIn)
		}
	}
	for _, h := range v.Hosts {
		if h.Machine == nil {
			continue
		}
		gauge(hostCores, float64(h.Machine.Cores), h.Name)
		if h.Machine.Load != nil {
			gauge(hostLoad, *h.Machine.Load, h.Name)
		}
		for desc, known := range map[*prometheus.Desc]*uint64{hostMemory: h.Machine.Memory, hostAvailable: h.Machine.Available, hostResident: h.Machine.Resident} {
			if known != nil {
				gauge(desc, float64(*known), h.Name)
			}
		}
	}
	r := v.Run
	if r == nil {
		return
	}
	gauge(runInfo, 1, r.ID, r.App, r.State)
	counter(recordsOut, r.Out)
	rest, reasons := r.Rejected, map[string]int64{} // two that differ in what is no UTF-8 are one here
	for _, reason := range r.Reasons {
		if reason.Reason != "" {
			reasons[valid([]string{reason.Reason})[0]] += reason.Count
			rest -= reason.Count
		}
	}
	for reason, count := range reasons {
		counter(recordsBad, count, reason)
	}
	counter(recordsBad, rest, "") // those that are not told apart
	covered, all := inputBytes, inputAllBytes
	if r.Unit == "rows" {
		covered, all = inputRows, inputAllRows
	}
	gauge(covered, float64(r.Covered))
	if r.Total != nil {
		gauge(all, float64(*r.Total))
	}
	counter(resultBytes, r.Results)
	gauge(batchesOut, float64(r.Backlog.Batches))
	gauge(untaken, float64(r.Backlog.Untaken))
	counter(redelivered, r.Retried)
	counter(takenOver, r.TakenOver)
	counter(dropped, r.Late)
	for _, w := range r.Workers {
		up := 1.
		if w.Lost {
			up = 0
		}
		gauge(workerUp, up, w.Name)
		gauge(workerSlots, float64(w.Slots), w.Name)
		gauge(workerBusy, float64(w.Busy), w.Name)
	}
	e.c.totals(func(name string, s *worker.StageMetrics) {
		counter(stageRecords, s.Records, name, s.Name)
		counter(stageBytes, s.Bytes, name, s.Name)
		counter(stageRejected, s.Rejected, name, s.Name)
		counter(stageAgain, s.Again, name, s.Name)
		buckets := map[float64]uint64{}
		for i, n := range s.Latency.Below(bounds) {
			buckets[bounds[i].Seconds()] = uint64(n)
		}
		out <- prometheus.MustNewConstHistogram(stageLatency, uint64(s.Latency.Count()), s.Latency.Sum().Seconds(), buckets, valid([]string{name, s.Name})...)
	})
}

// valid makes labels UTF-8: reasons are what programs and inputs say.
func valid(labels []string) []string {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD")
	}
	return labels
}

// totals tells of every stage on every worker, and of the whole, which is the initializer's to say.
func (c *Collector) totals(tell func(name string, s *worker.StageMetrics)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, w := range c.workers {
		for _, stage := range worker.Stages[:len(worker.Stages)-1] {
			if total := w.total(stage); total != nil {
				tell(name, total)
			}
		}
	}
	if c.bulletin != nil {
		tell("", &c.bulletin.Whole)
	}
}
