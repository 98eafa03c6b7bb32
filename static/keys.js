// Keyboard: single letters, switched off in the box that ? opens (WCAG 2.1.4). Everything works without it.
const OFF = "throughline.keys.off";
const PLACES = { o: "/", c: "/changes", e: "/events", d: "/drift", l: "/ledger", n: "/lineage", s: "/sources", p: "/people" };
const box = document.getElementById("keys");
const toast = document.getElementById("toast");
let going = 0;

const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
const setOff = (value) => { try { localStorage.setItem(OFF, value ? "1" : "0"); } catch { /* kept for this page only */ } };
const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.querySelector("[data-row][aria-current]");
const writing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

function say(text) {
  toast.textContent = text;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, 4000);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  all.forEach((row) => row.removeAttribute("aria-current"));
  next.setAttribute("aria-current", "true");
  next.querySelector("a[href]")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function letGo() {
  if (box.open) { box.close(); return; }
  current()?.removeAttribute("aria-current");
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The address of this page is copied.");
  } catch {
    say("The address could not be copied; it stands in the address bar.");
  }
}

const KEYS = {
  "j": () => move(1),
  "k": () => move(-1),
  "Enter": () => current()?.querySelector("a[href]")?.click(),
  "/": () => document.getElementById("q")?.focus(),
  "?": () => box.showModal(),
  "e": () => document.querySelector("[data-export]")?.click(),
  "c": () => { copy(); },
  "u": () => document.querySelector(".zone a[href*='tz=UTC']")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") { letGo(); return; }
  if (writing(event.target) || box.open || (off() && event.key !== "?")) return;
  if (going && Date.now() - going < 1500 && PLACES[event.key]) { event.preventDefault(); location.assign(PLACES[event.key]); return; }
  going = event.key === "g" ? Date.now() : 0;
  const act = KEYS[event.key];
  if (!act || (event.key === "Enter" && (!current() || document.activeElement?.closest("a, button, summary")))) return;
  event.preventDefault();
  act();
});

box.querySelector("[data-close]").addEventListener("click", () => box.close());
const on = document.getElementById("keys-on");
on.checked = !off();
on.addEventListener("change", () => setOff(!on.checked));
