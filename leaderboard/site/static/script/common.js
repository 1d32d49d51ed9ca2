// What several parts need: the address, elements, numbers in cells, files to save.
var MISSING = "—";

// The address: #key=value&key=value. A fragment without "=" is an ordinary anchor and is left alone.
function readState() {
  var text = location.hash.slice(1), state = {};
  if (text.indexOf("=") < 0) return state;
  new URLSearchParams(text).forEach((value, key) => { state[key] = value; });
  return state;
}

// These keys stand in the address whatever another part writes.
var held = {};
on(window, "hashchange", () => { held = {}; });

function writeState(state) {
  var query = new URLSearchParams();
  Object.keys(held).forEach(key => { state[key] = held[key]; });
  Object.keys(state).forEach(key => { if (state[key]) query.set(key, state[key]); });
  var text = query.toString(), bare = location.href.split("#")[0];
  // An anchor stays where there is nothing else to say.
  if (text || location.hash.indexOf("=") >= 0) history.replaceState(null, "", bare + (text ? "#" + text : ""));
}

function all(root, selector) { return Array.from(root.querySelectorAll(selector)); }

function on(target, types, what) {
  types.split(" ").forEach(type => { target.addEventListener(type, what); });
}

function filled(made, attributes, text) {
  Object.keys(attributes || {}).forEach(key => { made.setAttribute(key, attributes[key]); });
  if (text !== undefined) made.textContent = text;
  return made;
}

function element(name, attributes, text) { return filled(document.createElement(name), attributes, text); }

function svg(name, attributes, text) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, text);
}

// What a cell shows, without what is only read aloud and without marks and the spaces that align decimal points.
function shown(cell) {
  var copy = cell.cloneNode(true);
  all(copy, ".vh, .sub, .tag, svg, sup").forEach(part => { part.remove(); });
  return copy.textContent.replace(/[\u2007\u2008‡]/g, "").replace(/\s+/g, " ").trim();
}

// What a column is called, with what tells it from others of its metric, and without its arrow.
function named(head) {
  var note = head.querySelector(".sub"), text = shown(head).replace(/ [↓↑→].*/, "");
  return text + (note ? ", " + note.textContent.trim() : "");
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
  setTimeout(() => { URL.revokeObjectURL(link.href); }, 10000);
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
  navigator.clipboard.writeText(location.href).then(() => { say("Link copied"); }, typed);
}

// Hides columns cell by cell: a rule that counts cells would be matched against all of them whenever a row changes.
function hider(table) {
  var rows = Array.from(table.rows).map(row => Array.from(row.cells));
  return places => {
    rows.forEach(cells => {
      cells.forEach((cell, i) => {
        var out = places.indexOf(i) >= 0;
        if (cell.hidden !== out) cell.hidden = out;
      });
    });
  };
}
