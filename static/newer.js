// New rows wait behind a pill: nothing moves while someone reads. Asks for a count, never for the rows.
const EVERY = 20_000;
const pill = document.querySelector("[data-newer]");
const known = Number(pill?.dataset.known);

async function look() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(pill.dataset.newer, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const more = (await answer.json()).count - known;
    if (more > 0) {
      pill.querySelector("a").textContent = `${more.toLocaleString("en")} newer change${more === 1 ? "" : "s"}`;
      pill.hidden = false;
    }
  } catch {
    // The portal does not answer: the page stays what it was, and the next look tries again.
  }
}

if (pill && pill.dataset.newer) setInterval(look, EVERY);
