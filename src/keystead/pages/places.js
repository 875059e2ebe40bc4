/* Where current sessions are: on a map, or by network where there is no geo database. */
import { html, useEffect, useState } from "./dom.js";
import { Empty } from "./parts.js";
import { placeOf } from "./device.js";
import { t } from "./text.js";

const LISTED = 8;
const SMALLEST = 4;
const LARGEST = 18;

export function Places({ places, networks, sampled }) {
  if (!sampled) return html`<section class="card"><${Empty} icon="globe" title=${t("overview.no_sessions")} /></section>`;
  if (!places.length) {
    return html`<section class="card padded"><h2>${t("overview.networks")}</h2><p class="quiet small">${t("overview.networks_more")}</p>
      <${BarList} rows=${networks.map(({ network, sessions }) => ({ name: network, count: sessions }))} /></section>`;
  }
  const rows = places.map((place) => ({ name: placeOf(place) ?? t("device.nowhere"), count: place.sessions }));
  const rest = sampled - places.reduce((total, place) => total + place.sessions, 0);
  return html`<section class="card padded">
    <h2>${t("overview.places", { count: sampled })}</h2>
    <div class="where"><${WorldMap} places=${places} /><div><${BarList} rows=${rows} />${rest > 0 && html`<p class="small quiet">${t("overview.mixed", { count: rest })}</p>`}</div></div>
  </section>`;
}

/* The coasts are fetched when they are needed: nobody but admins does. */
function WorldMap({ places }) {
  const [world, setWorld] = useState(null);
  useEffect(() => {
    import("./world.js").then(setWorld);
  }, []);
  if (!world) return html`<div class="map"></div>`;
  const most = Math.max(...places.map((place) => place.sessions));
  const dots = places.filter((place) => place.latitude !== null);
  return html`<svg class="map" viewBox="0 0 ${world.WIDTH} ${world.HEIGHT}" role="img" aria-label=${t("overview.places_map")}>
    <path class="land" d=${world.LAND} />
    ${dots.map((place) => {
      const [x, y] = world.project(place.latitude, place.longitude);
      const radius = Math.max(SMALLEST, LARGEST * Math.sqrt(place.sessions / most));
      return html`<circle key=${`${x} ${y}`} class="dot" cx=${x} cy=${y} r=${radius}><title>${placeOf(place)}: ${place.sessions}</title></circle>`;
    })}
  </svg>`;
}

function BarList({ rows }) {
  const most = Math.max(...rows.map((row) => row.count));
  const shown = rows.slice(0, LISTED);
  return html`<div><ol class="bars">${shown.map(({ name, count }) => html`<li>
      <span class="bars-name">${name}</span><span class="number quiet">${count}</span>
      <svg class="bars-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="bars-rest" width="100" height="4" /><rect class="bars-part" width=${(100 * count) / most} height="4" /></svg>
    </li>`)}</ol>
    ${rows.length > LISTED && html`<p class="small quiet">${t("overview.other_places", { count: rows.length - LISTED })}</p>`}
  </div>`;
}
