// Keeps a page up to date: asks for its fragment every few seconds and puts in place what has changed. Times are shown
// in the reader's zone and language. Without this script the pages work too, in UTC.

const STYLES = {
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  minutes: { hour: "2-digit", minute: "2-digit" },
  day: { month: "short", day: "numeric" },
  full: { dateStyle: "medium", timeStyle: "medium" },
};

function showTimes(root) {
  for (const element of root.querySelectorAll("[data-time]")) {
    const { time, style } = element.dataset;
    element.textContent = new Intl.DateTimeFormat(undefined, STYLES[style]).format(new Date(time));
  }
}

function isSelecting(live) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && live.contains(selection.anchorNode);
}

/** Cards that stayed the same stay the same elements; the focus returns to where it was. */
function replace(live, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  showTimes(fresh);
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  const now = [...live.querySelectorAll(".card")];
  const next = [...fresh.querySelectorAll(".card")];
  const sameCards = now.length > 0 && now.map(({ id }) => id).join() === next.map(({ id }) => id).join() &&
    live.children.length === fresh.children.length;
  if (sameCards) {
    now.forEach((card, index) => swap(card, next[index]));
    [...live.children].forEach((child, index) => {
      if (!child.classList.contains("cards")) swap(child, fresh.children[index]);
    });
  } else {
    live.replaceChildren(...fresh.childNodes);
  }
  if (focused !== "") document.getElementById(focused)?.focus({ preventScroll: true });
}

function swap(element, other) {
  if (!element.isEqualNode(other)) element.replaceWith(document.importNode(other, true));
}

async function refresh(live) {
  const offline = document.getElementById("offline");
  try {
    const answer = await fetch(live.dataset.fragment, { signal: AbortSignal.timeout(15_000) });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
    replace(live, await answer.text());
    if (offline.textContent !== "") offline.textContent = "";
  } catch {
    const text = "The server does not answer; what you see is not current.";
    if (offline.textContent !== text) offline.textContent = text;
  }
}

showTimes(document);
const live = document.getElementById("live");
if (live !== null) {
  const again = async () => {
    if (!document.hidden && !isSelecting(live)) await refresh(live);
    setTimeout(again, Number(live.dataset.interval));
  };
  setTimeout(again, Number(live.dataset.interval));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh(live);
  });
}
for (const form of document.querySelectorAll("form.choice")) {
  form.addEventListener("change", () => form.requestSubmit());
}
