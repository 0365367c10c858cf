// Asks for the page again every second, and says when nobody answers.
setInterval(async () => {
  const gone = document.getElementById("gone");
  try {
    const text = await (await fetch("/", { cache: "no-store" })).text();
    const now = new DOMParser().parseFromString(text, "text/html").getElementById("live");
    const live = document.getElementById("live");
    if (!live.contains(document.activeElement)) live.replaceWith(now);
    gone.hidden = true;
  } catch {
    gone.hidden = false;
  }
}, 1000);
