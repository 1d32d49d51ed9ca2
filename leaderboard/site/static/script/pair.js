// Any two rows of a track. What is significant was decided when the page was made; here it is looked up and drawn.
function twoRows(tools) {
  var data = document.querySelector("[data-rows]").pair, rows = data.rows, box = document.getElementById("pair");
  var selects = tools.querySelectorAll("select"), title = document.title;

  // As `text/numbers.py` does.
  function written(x, p) {
    var unit = Math.pow(10, p), d = Math.max(0, p), places = { minimumFractionDigits: d, maximumFractionDigits: d };
    var text = (p < 0 ? Math.round(x * unit) / unit : x).toLocaleString("en", places);
    return text.replace("-", /[1-9]/.test(text) ? "−" : "");
  }
  function fill(cell, text, sub) {
    cell.textContent = text;
    if (sub) cell.append(element("span", { class: "sub" }, sub));
  }
  // Bits.
  function six(text, at) { return text.charCodeAt(at) - 40; }
  function joined(down, up, s) { return Math.hypot(down - up, 2 * s * Math.sqrt(down * up)); }

  // A line of the table; 0 or 1 for the better one of the two, 2 for neither, 3 for what is not judged.
  function show(line, column, at, z) {
    var cells = line.cells, better = line.dataset.better, i = Math.min(at[0], at[1]), far = Math.abs(at[0] - at[1]);
    var both = at.map((k, side) => {
      var x = column.cells[k];
      fill(cells[5 + side], x.length ? written(x[1], x[0]) : MISSING, column.why[k] || data.real[column.real[k]]);
      return x;
    });
    var x = both[0], y = both[1], gap = x[1] - y[1], s = Math.SQRT1_2, k = 2 * (i * data.near + far - 1);
    if (column.rho && far <= data.near) s = (six(column.rho, k) * 64 + six(column.rho, k + 1)) / 4095;
    var over = joined(x[2], y[3], s), under = joined(x[3], y[2], s), error = gap > 0 ? over : under, sure = error >= 0;
    var p = error ? 1 - error.toExponential(1).split("e")[1] : 3, ends = [gap - z * over, gap, gap + z * under];
    fill(cells[3], isNaN(gap) ? "" : written(gap, p));
    fill(cells[4], sure ? written(ends[0], p) + " to " + written(ends[2], p) : "");
    if (!better) return 3;
    // In errors, on a scale that ends nowhere.
    ends = ends.map(x => {
      x *= (better === "lower" ? 1 : -1) / (error || 1e-9);
      return 50 + 50 * x / (Math.abs(x) + 6);
    }).sort((a, b) => a - b);
    cells[2].setAttribute("style", sure ? "--v:" + ends[1] + ";--l:" + ends[0] + ";--h:" + ends[2] : "");
    k = i * (2 * rows.length - i - 1) / 2 + far - 1;
    var apart = six(column.apart, Math.floor(k / 6)) >> k % 6 & 1, odd = column.real[at[0]] + column.real[at[1]];
    var found = !sure || /2/.test(odd) ? 3 : apart ? Number(gap > 0 === (better === "lower")) : 2;
    fill(cells[1], (found < 2 ? rows[at[found]].name : "") + data.verdicts[found]);
    cells[1].className = "v" + found;
    return found;
  }

  function load() {
    var text = "", said = [0, 0, 0, 0], at = ["a", "b"].map((key, side) => {
      var name = readState()[key], k = rows.findIndex(row => row.name === name);
      if (name && k < 0) text = "No row is named “" + name + "” here";
      return selects[side].selectedIndex = k < 0 ? data.start[side] : k;
    });
    if (at[0] === at[1]) text = "Choose two rows";
    box.hidden = text;
    if (!text) {
      var two = at.map(k => rows[k]), joint = two[0].ranked && two[1].ranked;
      box.className = joint ? "two joint" : "two";
      box.querySelectorAll("tbody tr").forEach((line, k) => {
        said[show(line, data.columns[k], at, joint && data.columns[k].joint || 1.959964)]++;
      });
      two.forEach((row, side) => {
        var half = box.firstElementChild.children[side];
        half.replaceChildren(element("h2"), element("p", { class: "note" }, row.about));
        half.firstChild.append(element("a", { href: "../generators/" + row.name + ".html" }, row.name));
        if (row.picture) {
          half.append(element("img", { src: "../" + row.picture, class: row.looks, alt: data.alt + row.name }));
        }
      });
      if (said[1] > said[0]) {
        two.reverse();
        said = [said[1], said[0], said[2]];
      }
      var won = said[0], worse = said[1] ? ", worse in " + said[1] : "", rest = "cannot be told apart";
      text = two[0].name + (won ? " is better than " : " and ") + two[1].name + (won ? " in " + won + (won > 1 ? " metrics" : " metric") +
        worse + (said[2] ? "; the rest " + rest : "") : " " + rest);
    }
    document.querySelector("h1").textContent = text;
    document.title = text + " · " + title;
  }
  function go(a, b) {
    writeState({ a: selects[a].value, b: selects[b].value });
    load();
  }

  selects.forEach(select => {
    rows.forEach(row => { select.append(element("option", {}, row.name)); });
    on(select, "change", () => { go(0, 1); });
  });
  tools.querySelector("button").addEventListener("click", () => { go(1, 0); });
  on(window, "hashchange", load);
  load();
  tools.hidden = false;
}

// From a comparison of several to its first two.
parts.push(["[data-pair]", twoRows], ["[data-two]", link => {
  on(link, "click", () => {
    var two = (readState().g || "").split(",");
    if (two[1]) link.hash = "a=" + two[0] + "&b=" + two[1];
  });
}]);
