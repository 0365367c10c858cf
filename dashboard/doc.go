// Package dashboard shows a run: to a person as a page, as a terminal's top and as a report afterwards, to programs as JSON and
// in Prometheus' format.
//
//	workers ──metrics──▶ the log ──▶ Collector ──▶ View ──▶ Handler: the page, its charts, /api/status
//	initializer ──bulletins──▶ ┘         └─▶ Handler: /metrics
//	operator ──what it tells──▶ ┘                  View ──▶ flashmob status, top, dash; Report
//
// Workers say every second what they have done so far, the initializer how the run is (package worker); the operator tells
// it of hosts and money. A Collector listens, keeps the last five minutes, and once a second makes a View of it, the one
// structure that everything here shows. So all of them show the same figures, and what a View does not know it leaves out:
// a zero is a zero.
//
// On a cluster the Collector runs on the metrics host (Attend), in a local run in the operator's process. Where a worker is
// silent its rates are zero and its counters stay; where the initializer is silent the view says since when. Nothing can be changed
// through a Handler, and it answers on loopback addresses only.
//
// Not its job: deciding anything, keeping anything beyond the run.
package dashboard
