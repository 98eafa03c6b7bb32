// "Local": the reader's own zone, which only the browser knows. The server formats the times.
const link = document.querySelector("[data-zone-local]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (link && zone && zone !== "UTC") {
  const address = new URL(link.getAttribute("href"), location.href);
  address.searchParams.set("tz", zone);
  link.setAttribute("href", address.pathname + address.search);
  const shown = [...document.querySelectorAll(".zone a[aria-current]")].some((a) => a.href.includes(`tz=${encodeURIComponent(zone)}`));
  link.hidden = shown;
}
