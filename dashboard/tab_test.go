package dashboard

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pictures is where the screenshots in docs are, wherever a test is.
var pictures, _ = filepath.Abs(filepath.Join("..", "docs", "dashboard"))

var update = flag.Bool("update", false, "make the screenshots in docs anew")

// tab is a page of a browser that notes what goes wrong in it.
type tab struct {
	context.Context
	mu       sync.Mutex
	problems []string
	asked    []string
}

// open returns an empty page of a new browser.
func open(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	page := &tab{Context: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		page.mu.Lock()
		defer page.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			page.problems = append(page.problems, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			page.problems = append(page.problems, fmt.Sprintf("%s: %s", e.Type, e.Args[0].Value))
		case *network.EventRequestWillBeSent:
			page.asked = append(page.asked, e.Request.URL)
		}
	})
	page.does(t, network.Enable(), runtime.Enable())
	return page
}

func (page *tab) does(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(page.Context, actions...); err != nil {
		t.Fatal(err)
	}
}

// waits waits until an expression of the page is true.
func (page *tab) waits(t *testing.T, expression string) {
	t.Helper()
	page.does(t, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(time.Minute), chromedp.WithPollingInterval(50*time.Millisecond)))
}

// evaluated returns what an expression of the page comes to.
func evaluated[T any](t *testing.T, page *tab, expression string) (value T) {
	t.Helper()
	page.does(t, chromedp.Evaluate(expression, &value))
	return value
}

// fine fails where there was an error in the page, or where it asked somebody else for something.
func (page *tab) fine(t *testing.T, own ...string) {
	t.Helper()
	page.mu.Lock()
	defer page.mu.Unlock()
	for _, problem := range page.problems {
		t.Errorf("in the page: %s", problem)
	}
	for _, asked := range page.asked {
		if !slices.ContainsFunc(own, func(own string) bool { return strings.HasPrefix(asked, own) }) {
			t.Errorf("the page asked for %s", asked)
		}
	}
}

// fits fails where the page is wider than its window.
func (page *tab) fits(t *testing.T) {
	t.Helper()
	if over := evaluated[int](t, page, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("the page is %d px wider than its window", over)
	}
}

// look is a way of looking at a page.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{{"desktop", 1280, 900, false}, {"desktop-dark", 1280, 900, true}, {"phone", 390, 844, false}, {"phone-dark", 390, 844, true}}

func (l look) actions() []chromedp.Action {
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	return []chromedp.Action{
		chromedp.EmulateViewport(l.width, l.height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}
}

// kept says which screenshots are in docs: few, for a picture says much and weighs much.
var kept = map[string]bool{"healthy-desktop": true, "healthy-desktop-dark": true, "healthy-phone": true, "lost-desktop": true, "finished-phone-dark": true, "empty-desktop": true, "report-desktop": true}

// shoot takes a picture of the whole page. It is kept in docs where the test is to update it, and in FLASHMOB_SHOTS, if set.
func (page *tab) shoot(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("FLASHMOB_SHOTS") == "" && !kept[name] {
		return // to draw all of them takes half a minute
	}
	var picture []byte
	page.does(t, chromedp.FullScreenshot(&picture, 100))
	if len(picture) < 5000 {
		t.Errorf("%s: a picture of %d bytes", name, len(picture))
	}
	var folders []string
	if folder := os.Getenv("FLASHMOB_SHOTS"); folder != "" {
		folders = append(folders, folder)
	}
	if *update && kept[name] {
		folders = append(folders, pictures)
	}
	for _, folder := range folders {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
