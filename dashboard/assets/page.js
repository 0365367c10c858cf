// Asks for the page again every second and puts what has changed in its place: what the reader has focused, selected or
// scrolled to stays. Says when nobody answers.
"use strict";

function morph(old, now) {
  if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) {
    old.replaceWith(document.importNode(now, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of [...now.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const before = [...old.childNodes], after = [...now.childNodes];
  after.forEach((child, i) => {
    if (i < before.length) morph(before[i], child);
    else old.append(document.importNode(child, true));
  });
  before.slice(after.length).forEach((child) => child.remove());
}

let silentSince = null;

async function refresh() {
  const gone = document.getElementById("gone");
  try {
    const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const now = new DOMParser().parseFromString(await answer.text(), "text/html");
    morph(document.getElementById("live"), now.getElementById("live"));
    document.title = now.title;
    gone.hidden = true;
    document.body.classList.remove("stale");
    silentSince = null;
  } catch {
    if (silentSince === null) {
      silentSince = new Date();
      document.getElementById("since").textContent = silentSince.toLocaleTimeString();
    }
    gone.hidden = false;
    document.body.classList.add("stale");
  }
  setTimeout(refresh, 1000);
}

setTimeout(refresh, 1000);
