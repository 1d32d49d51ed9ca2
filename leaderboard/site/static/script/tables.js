// Sorting, filtering and choosing columns of a table that is complete without it.
function enhance(tools) {
  var table = document.getElementById(tools.dataset.for);
  if (!table) return;
  var heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
  var rows = Array.from(body.rows); // in the order they came in, which is the default
  var output = tools.querySelector("output"), hide = hider(table);
  var sorted = heads.findIndex(head => head.hasAttribute("aria-sort"));
  var sortedAs = sorted < 0 ? "" : heads[sorted].getAttribute("aria-sort");
  var texts = rows.map(row => Array.from(row.cells).map(shown));
  var whole = rows.map(row => row.textContent.toLowerCase());
  var places = {}; // of columns by key
  heads.forEach((head, i) => { if (head.dataset.key) places[head.dataset.key] = i; });
  var extras = heads.map((head, i) => "extra" in head.dataset ? i : -1).filter(i => i >= 0);
  var state = {}, boxes = [], before = { sort: "", cols: null }; // what was shown last: only what differs is changed
  var compact = table.classList.contains("compact");
  var draw = drawing(table, heads, rows, texts);

  function say(text) { output.textContent = text; }

  // Sorting: first what is best, then the reverse, then as it came.
  function first(i) { return heads[i].dataset.better === "higher" ? "descending" : "ascending"; }

  function order(i, direction) {
    var keys = texts.map(cells => cells[i]);
    var numeric = keys.every(text => !text || text[0] === MISSING || !isNaN(number(text)));
    var target = heads[i].dataset.target; // the nearest to it is best
    var values = keys.map(text => {
      return !numeric ? text.toLowerCase() : target ? Math.abs(number(text) - target) : number(text);
    });
    function absent(k) { return numeric ? isNaN(values[k]) : !values[k] || values[k][0] === MISSING; }
    var sign = direction === "descending" ? -1 : 1;
    return rows.map((_, k) => k).sort((a, b) => {
      if (absent(a) || absent(b)) return absent(a) - absent(b) || a - b; // missing last, whichever way
      return sign * (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0) || a - b;
    });
  }

  function sort() {
    var key = (state.sort || "").replace(/^-/, ""), i = key in places ? places[key] : -1;
    var direction = state.sort && state.sort[0] === "-" ? "descending" : "ascending";
    var found = i < 0 ? rows.map((_, k) => k) : order(i, direction);
    heads.forEach(head => { head.removeAttribute("aria-sort"); });
    if (i >= 0) heads[i].setAttribute("aria-sort", direction);
    else if (sorted >= 0) heads[sorted].setAttribute("aria-sort", sortedAs);
    body.append.apply(body, found.map(k => rows[k]));
    draw(i);
  }

  function pressed(i) {
    var key = heads[i].dataset.key, one = first(i) === "descending" ? "-" + key : key;
    var other = one[0] === "-" ? key : "-" + key;
    state.sort = state.sort === one ? other : state.sort === other ? "" : one;
    update();
  }

  // Filters: every field that has a name is one, but for those that say how rows look.
  var fields = [["family", "family"], ["task", "task"], ["licence", "licence"], ["level", "verification"]];

  function matches(row, k, words) {
    if (state.baselines === "no" && row.classList.contains("base")) return false;
    if (state.since && texts[k][places.date] < state.since) return false;
    return words.every(word => whole[k].indexOf(word) >= 0) && fields.every(pair => {
      return !state[pair[0]] || texts[k][places[pair[1]]] === state[pair[0]];
    });
  }

  function filter() {
    var count = 0, words = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, k) => {
      var out = !matches(row, k, words);
      if (row.hidden !== out) row.hidden = out;
      count += !out;
    });
    say(count === rows.length ? rows.length + " rows" : count ? count + " of " + rows.length + " rows" : "No row matches");
  }

  function chosen(i) {
    if (!("cols" in state)) return extras.indexOf(i) < 0;
    return !heads[i].dataset.key || i < 2 || state.cols.split(",").indexOf(heads[i].dataset.key) >= 0;
  }

  function columns() {
    hide(heads.map((_, i) => i).filter(i => !chosen(i)));
    boxes.forEach(box => { box.checked = chosen(places[box.value]); });
  }

  function update() {
    if ((state.sort || "") !== before.sort) sort();
    filter();
    if (state.cols !== before.cols) columns();
    table.classList.toggle("compact", state.compact ? state.compact === "yes" : compact);
    before = { sort: state.sort || "", cols: state.cols };
    writeState(state);
  }

  function load() {
    state = readState();
    ["family", "task", "licence", "level", "since"].forEach(name => { // a filter that is not here does nothing
      if (!tools.querySelector("[name=" + name + "]")) delete state[name];
    });
    all(tools, "input[name], select[name]").forEach(field => {
      if (field.type === "checkbox") {
        field.checked = state[field.name] ? state[field.name] !== "no" : field.defaultChecked;
      } else if (field.name) {
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
    var kept = heads.map((_, i) => i).filter(i => heads[i].dataset.key && chosen(i));
    function quoted(text) {
      // A spreadsheet would run a text that starts like a formula.
      if (/^[=+\-@\t\r]/.test(text) && isNaN(Number(text))) text = "'" + text;
      return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    }
    function line(cells) { return cells.map(quoted).join(","); }
    var names = [];
    kept.forEach(i => { names.push(heads[i].dataset.key); if (i === sorted) names.push("half of its interval"); });
    var lines = [line(names)];
    Array.from(body.rows).forEach(row => {
      if (row.hidden) return;
      var cells = [], own = texts[rows.indexOf(row)];
      kept.forEach(i => {
        var text = own[i][0] === MISSING ? "" : own[i], parts = text.split("±");
        cells.push(isNaN(number(text)) || /–/.test(text) ? text : plain(parts[0]));
        if (i === sorted) cells.push(plain(parts[1] || ""));
      });
      lines.push(line(cells));
    });
    save((tools.dataset.file || "table") + "-view.csv", lines.join("\n") + "\n");
  }

  heads.forEach((head, i) => {
    if (!head.dataset.key) return;
    var button = element("button", { type: "button" });
    button.append.apply(button, Array.from(head.childNodes));
    on(button, "click", () => { pressed(i); });
    head.append(button);
  });
  var choice = tools.querySelector("[data-columns]");
  heads.forEach((head, i) => {
    if (!choice || !head.dataset.key || i < 2) return;
    var box = element("input", { type: "checkbox", value: head.dataset.key }), label = element("label");
    label.append(box, " " + named(head));
    on(box, "change", () => {
      state.cols = boxes.filter(one => one.checked).map(one => one.value).join(",") || "none";
      update();
    });
    boxes.push(box);
    choice.append(label);
  });
  on(tools, "input", event => {
    var field = event.target;
    if (!field.name) return;
    if (field.type !== "checkbox") state[field.name] = field.value.trim();
    else state[field.name] = field.checked === field.defaultChecked ? "" : field.checked ? "yes" : "no";
    update();
  });
  on(tools, "click", event => {
    if (event.target.dataset.do === "csv") csv();
    if (event.target.dataset.do === "link") copyLink(say);
  });
  on(window, "hashchange", load);
  load();
  tools.hidden = false;
}

parts.push(["[data-for]", enhance]);
