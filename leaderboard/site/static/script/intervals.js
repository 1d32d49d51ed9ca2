// The intervals of whichever column a table is sorted by. A head has its axis: its kind, its ends, the noise floor, the
// ticks. A row has how far its intervals reach below and above their values, in units of the last digit shown.
function at(axis, x) {
  function bent(y) { return axis[0] === "logarithmic" ? Math.log(y) : axis[0] === "square-root" ? Math.sqrt(y) : y; }
  var lo = Number(axis[1]), hi = Number(axis[2]), inside = Math.min(Math.max(x, lo), hi);
  return (5 + 90 * (bent(inside) - bent(lo)) / (bent(hi) - bent(lo))).toFixed(1);
}

// -1 below the axis, 1 above it.
function beyond(axis, x) {
  var slack = 1e-9 * (axis[2] - axis[1]);
  return x < axis[1] - slack ? -1 : x - slack > axis[2] ? 1 : 0;
}

// The value, its lower and its upper end, and these in words.
function intervalOf(text, reach) {
  var written = plain(text.split("±")[0]).trim(), value = parseFloat(written), both = reach.split("/");
  var digits = (written.split(".")[1] || "").length, unit = Math.pow(10, -digits);
  var ends = [value - both[0] * unit, value + both[both.length - 1] * unit], none = isNaN(ends[0]);
  var words = none ? "no interval" : "interval " + ends.map(x => {
    return x.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
  }).join(" to ");
  return { at: [value].concat(none ? [value, value] : ends), words: text.split("±")[0].trim() + ", " + words };
}

function drawing(table, heads, rows, texts) {
  var scored = heads.map((_, i) => i).filter(i => heads[i].dataset.axis);
  var place = heads.findIndex(head => head.className === "drawn"), now = scored[0];
  if (!scored.length) return () => {};
  var cells = rows.map(row => row.cells[place]);
  var reaches = cells.map(cell => cell.dataset.e.split(" "));

  // Words for each cell; drawn only where there is an axis to draw on.
  function fill(axis) {
    var name = named(heads[now]);
    cells.forEach((cell, k) => {
      var own = intervalOf(texts[k][now], reaches[k][scored.indexOf(now)]), absent = isNaN(own.at[0]);
      cell.setAttribute("aria-label", name + " " + (absent ? "missing" : own.words));
      if (!axis) return;
      var off = own.at.map(x => beyond(axis, x)), on = own.at.map(x => at(axis, x));
      cell.className = absent ? "none" : ((off[0] ? "out " : "") + (off[1] < 0 ? "lt " : "") + (off[2] > 0 ? "gt" : "")).trim();
      var l = off[1] < 0 ? 0 : off[1] ? 95 : on[1], h = off[2] > 0 ? 100 : off[2] ? 5 : on[2];
      cell.style.cssText = "--v:" + on[0] + ";--l:" + l + ";--h:" + h;
    });
  }

  fill();

  // By the column that sorts; by the first where that has no intervals.
  return i => {
    i = scored.indexOf(i) < 0 ? scored[0] : i;
    if (i === now) return;
    now = i;
    var axis = heads[i].dataset.axis.split(" "), ticks = heads[place].querySelector(".ax");
    fill(axis);
    heads[place].querySelector(".sub").textContent = named(heads[i]) + (axis[0] === "linear" ? "" : ", " + axis[0] + " axis");
    table.style.setProperty("--floor", axis[3] === "-" ? "-9px" : at(axis, axis[3]) + "%");
    ticks.textContent = "";
    axis.slice(4).forEach(tick => {
      var x = at(axis, tick) + "%";
      ticks.append(svg("line", { x1: x, x2: x, y1: 13, y2: 17 }), svg("text", { x: x, y: 10 }, tick.replace("-", "−")));
    });
  };
}
