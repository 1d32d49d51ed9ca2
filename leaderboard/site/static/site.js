// Sorting, filtering, choosing columns and comparing, on tables that are complete without it.
// One classic script: module scripts and fetch() do not work from file://. It makes no markup out of text,
// only elements and textContent, so nothing in a result can become code. What is chosen stands in the address.
"use strict";

document.documentElement.classList.add("js");

(function () {
  var MISSING = "—";

  // The address: #key=value&key=value. A fragment without "=" is an ordinary anchor and is left alone.
  function readState() {
    var text = location.hash.slice(1), state = {};
    if (text.indexOf("=") < 0) return state;
    new URLSearchParams(text).forEach(function (value, key) { state[key] = value; });
    return state;
  }

  function writeState(state) {
    var query = new URLSearchParams();
    Object.keys(state).forEach(function (key) { if (state[key]) query.set(key, state[key]); });
    var text = query.toString(), bare = location.href.split("#")[0];
    // An anchor stays where there is nothing else to say.
    if (text || location.hash.indexOf("=") >= 0) history.replaceState(null, "", bare + (text ? "#" + text : ""));
  }

  function element(name, attributes, text) {
    var made = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // What a cell shows, without what is only read aloud and without marks and the spaces that align decimal points.
  function shown(cell) {
    var copy = cell.cloneNode(true);
    copy.querySelectorAll(".vh, .sub, .tag, svg, sup").forEach(function (part) { part.remove(); });
    return copy.textContent.replace(/[\u2007\u2008‡]/g, "").replace(/\s+/g, " ").trim();
  }

  function plain(text) {
    return text.replace(/−/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
  }

  // A whole number, a decimal one, or the first of a range of ranks; not a date, not a name that starts with a digit.
  function number(text) {
    var match = /^-?\d+(\.\d+)?(?=$|±|–)/.exec(plain(text));
    return match ? parseFloat(match[0]) : NaN;
  }

  function save(name, text) {
    var link = element("a", {
      href: URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" })), download: name,
    });
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  function copyLink(say) {
    function typed() { // where there is no clipboard to ask, such as on plain http
      var field = element("textarea", { "aria-hidden": "true" });
      field.value = location.href;
      document.body.append(field);
      field.select();
      say(document.execCommand("copy") ? "Link copied" : "Copy it from the address bar");
      field.remove();
    }
    if (!navigator.clipboard) return typed();
    navigator.clipboard.writeText(location.href).then(function () { say("Link copied"); }, typed);
  }

  // A style sheet of one rule that hides columns: far fewer changes than one in every cell.
  function hider(table) {
    var sheet = document.head.appendChild(element("style"));
    return function (places) {
      sheet.textContent = places.length ? places.map(function (place) {
        return "#" + table.id + " tr > :nth-child(" + (place + 1) + ")";
      }).join(",") + "{display:none}" : "";
    };
  }

  function enhance(tools) {
    var table = document.getElementById(tools.dataset.for);
    if (!table) return;
    var heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
    var rows = Array.from(body.rows); // in the order they came in, which is the default
    var output = tools.querySelector("output"), hide = hider(table);
    var sorted = heads.findIndex(function (head) { return head.hasAttribute("aria-sort"); });
    var sortedAs = sorted < 0 ? "" : heads[sorted].getAttribute("aria-sort");
    var texts = rows.map(function (row) { return Array.from(row.cells).map(shown); });
    var places = {}; // of columns by key
    heads.forEach(function (head, i) { if (head.dataset.key) places[head.dataset.key] = i; });
    var extras = heads.map(function (head, i) { return "extra" in head.dataset ? i : -1; }).filter(function (i) { return i >= 0; });
    var state = {}, boxes = [];

    function say(text) { output.textContent = text; }

    // Sorting: first what is best, then the reverse, then as it came.
    function first(i) { return heads[i].dataset.better === "higher" ? "descending" : "ascending"; }

    function order(i, direction) {
      var keys = texts.map(function (cells) { return cells[i]; });
      var numeric = keys.every(function (text) { return !text || text[0] === MISSING || !isNaN(number(text)); });
      var target = heads[i].dataset.target; // the nearest to it is best
      var values = keys.map(function (text) {
        return !numeric ? text.toLowerCase() : target ? Math.abs(number(text) - target) : number(text);
      });
      function absent(k) { return numeric ? isNaN(values[k]) : !values[k] || values[k][0] === MISSING; }
      var sign = direction === "descending" ? -1 : 1;
      return rows.map(function (_, k) { return k; }).sort(function (a, b) {
        if (absent(a) || absent(b)) return absent(a) - absent(b) || a - b; // missing last, whichever way
        return sign * (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0) || a - b;
      });
    }

    function sort() {
      var key = (state.sort || "").replace(/^-/, ""), i = key in places ? places[key] : -1;
      var direction = state.sort && state.sort[0] === "-" ? "descending" : "ascending";
      var found = i < 0 ? rows.map(function (_, k) { return k; }) : order(i, direction);
      heads.forEach(function (head) { head.removeAttribute("aria-sort"); });
      if (i >= 0) heads[i].setAttribute("aria-sort", direction);
      else if (sorted >= 0) heads[sorted].setAttribute("aria-sort", sortedAs);
      body.append.apply(body, found.map(function (k) { return rows[k]; }));
    }

    function pressed(i) {
      var key = heads[i].dataset.key, one = first(i) === "descending" ? "-" + key : key;
      var other = one[0] === "-" ? key : "-" + key;
      state.sort = state.sort === one ? other : state.sort === other ? "" : one;
      update();
    }

    // Filters: every field that has a name is one.
    function matches(row, k) {
      if (state.baselines === "no" && row.classList.contains("base")) return false;
      var sought = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
      var whole = row.textContent.toLowerCase();
      if (!sought.every(function (word) { return whole.indexOf(word) >= 0; })) return false;
      return [["family", "family"], ["task", "task"], ["level", "verification"]].every(function (pair) {
        return !state[pair[0]] || texts[k][places[pair[1]]] === state[pair[0]];
      });
    }

    function filter() {
      var count = 0;
      rows.forEach(function (row, k) {
        row.hidden = !matches(row, k);
        count += !row.hidden;
      });
      say(count === rows.length ? rows.length + " rows" : count ? count + " of " + rows.length + " rows" : "No row matches");
    }

    function chosen(i) {
      if (!("cols" in state)) return extras.indexOf(i) < 0;
      return !heads[i].dataset.key || i < 2 || state.cols.split(",").indexOf(heads[i].dataset.key) >= 0;
    }

    function columns() {
      hide(heads.map(function (_, i) { return i; }).filter(function (i) { return !chosen(i); }));
      boxes.forEach(function (box) { box.checked = chosen(places[box.value]); });
    }

    function update() {
      sort();
      filter();
      columns();
      writeState(state);
    }

    function load() {
      state = readState();
      tools.querySelectorAll("input[name], select[name]").forEach(function (field) {
        if (field.name === "baselines") field.checked = state.baselines !== "no";
        else if (field.name) {
          field.value = state[field.name] || "";
          if (field.value !== (state[field.name] || "")) { // such as a family that is not here
            field.value = "";
            delete state[field.name];
          }
        }
      });
      update();
    }

    function csv() {
      var kept = heads.map(function (_, i) { return i; }).filter(function (i) { return heads[i].dataset.key && chosen(i); });
      function quoted(text) {
        // A spreadsheet would run a text that starts like a formula.
        if (/^[=+\-@\t\r]/.test(text) && isNaN(Number(text))) text = "'" + text;
        return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
      }
      function line(cells) { return cells.map(quoted).join(","); }
      var names = [];
      kept.forEach(function (i) { names.push(heads[i].dataset.key); if (i === sorted) names.push("half of its interval"); });
      var lines = [line(names)];
      Array.from(body.rows).forEach(function (row) {
        if (row.hidden) return;
        var cells = [], own = texts[rows.indexOf(row)];
        kept.forEach(function (i) {
          var text = own[i][0] === MISSING ? "" : own[i], parts = text.split("±");
          cells.push(isNaN(number(text)) || /–/.test(text) ? text : plain(parts[0]));
          if (i === sorted) cells.push(plain(parts[1] || ""));
        });
        lines.push(line(cells));
      });
      save((tools.dataset.file || "table") + "-view.csv", lines.join("\n") + "\n");
    }

    heads.forEach(function (head, i) {
      if (!head.dataset.key) return;
      var button = element("button", { type: "button" });
      button.append.apply(button, Array.from(head.childNodes));
      button.addEventListener("click", function () { pressed(i); });
      head.append(button);
    });
    var choice = tools.querySelector("[data-columns]");
    heads.forEach(function (head, i) {
      if (!choice || !head.dataset.key || i < 2) return;
      var box = element("input", { type: "checkbox", value: head.dataset.key }), label = element("label");
      var note = head.querySelector(".sub");
      label.append(box, " " + shown(head) + (note ? " (" + note.textContent.trim() + ")" : ""));
      box.addEventListener("change", function () {
        state.cols = boxes.filter(function (one) { return one.checked; }).map(function (one) { return one.value; }).join(",") || "none";
        columns();
        writeState(state);
      });
      boxes.push(box);
      choice.append(label);
    });
    tools.addEventListener("input", function (event) {
      var field = event.target;
      if (!field.name) return;
      state[field.name] = field.name === "baselines" ? (field.checked ? "" : "no") : field.value.trim();
      update();
    });
    tools.addEventListener("click", function (event) {
      if (event.target.dataset.do === "csv") csv();
      if (event.target.dataset.do === "link") copyLink(say);
    });
    window.addEventListener("hashchange", load);
    load();
    tools.hidden = false;
  }

  // Two to four generators side by side. Which pairs differ significantly was decided when the page was made: cells that
  // share a group are not.
  function compare(tools) {
    var table = document.getElementById(tools.dataset.compare), heads = Array.from(table.tHead.rows[0].cells);
    var names = heads.slice(1).map(function (head) { return head.dataset.name; }), hide = hider(table);
    var picks = tools.querySelector("[data-picks]"), output = tools.querySelector("output"), selects = [];

    function mark(row, kept) {
      var better = row.dataset.better, best = null;
      Array.from(row.cells).forEach(function (cell) {
        cell.classList.remove("best", "tied");
        cell.querySelectorAll(".mark").forEach(function (old) { old.remove(); });
      });
      if (!better) return;
      var cells = kept.map(function (i) { return row.cells[i]; }).filter(function (cell) {
        return "l" in cell.dataset && !isNaN(number(shown(cell)));
      });
      if (cells.length < 2) return;
      cells.forEach(function (cell) {
        var x = number(shown(cell));
        if (best === null || (better === "lower" ? x < number(shown(best)) : x > number(shown(best)))) best = cell;
      });
      cells.forEach(function (cell) {
        var together = cell.dataset.l.split(" ").some(function (one) {
          return one && best.dataset.l.split(" ").indexOf(one) >= 0;
        });
        if (cell !== best && !together) return;
        cell.classList.add(cell === best ? "best" : "tied");
        cell.append(element("span", { class: "vh mark" }, cell === best ? " best" : " tied"));
      });
    }

    function update() {
      var kept = selects.map(function (select) { return names.indexOf(select.value) + 1; }).filter(function (i) { return i > 0; });
      kept = kept.filter(function (i, k) { return kept.indexOf(i) === k; });
      hide(heads.map(function (_, i) { return i; }).filter(function (i) { return i && kept.indexOf(i) < 0; }));
      Array.from(table.tBodies[0].rows).forEach(function (row) { mark(row, kept); });
      output.textContent = kept.length < 2 ? "Choose two or more" : kept.length + " generators";
      return kept.map(function (i) { return names[i - 1]; }).join(",");
    }

    function load() {
      var asked = (readState().g || "").split(",").filter(function (name) { return names.indexOf(name) >= 0; });
      if (!asked.length) asked = names.slice(0, Number(table.dataset.chosen));
      selects.forEach(function (select, k) { select.value = asked[k] || ""; });
      update();
    }

    for (var k = 0; k < Math.min(4, names.length); k++) {
      var select = element("select", { "aria-label": "Generator " + (k + 1) });
      if (k > 1) select.append(element("option", { value: "" }, "nobody"));
      names.forEach(function (name) { select.append(element("option", { value: name }, name)); });
      select.addEventListener("change", function () { writeState({ g: update() }); });
      selects.push(select);
      picks.append(select, " ");
    }
    tools.addEventListener("click", function (event) {
      if (event.target.dataset.do === "link") {
        writeState({ g: update() });
        copyLink(function (text) { output.textContent = text; });
      }
    });
    window.addEventListener("hashchange", load);
    load();
    tools.hidden = false;
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-for]").forEach(enhance);
    document.querySelectorAll("[data-compare]").forEach(compare);
    document.documentElement.classList.add("ready");
  });
})();
