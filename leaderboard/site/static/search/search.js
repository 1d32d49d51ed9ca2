var form = document.querySelector("form.find"), field = form.elements.q, output = form.querySelector("output");
var whole = document.getElementById("pages"); // the page of the search lists all pages itself
var list = document.createElement("ul");
var MOST = 10; // links that are offered

// Without accents: nobody types them.
function bare(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

function words() { return bare(field.value).split(/\s+/).filter(Boolean); }

function has(text, sought) {
  text = bare(text);
  return sought.every(word => text.indexOf(word) >= 0);
}

function keep(sought) {
  var count = 0;
  whole.querySelectorAll("section").forEach(part => {
    var kind = part.querySelector("h2").textContent;
    part.querySelectorAll("li").forEach(item => {
      item.hidden = !has(item.textContent + " " + kind, sought);
      count += !item.hidden;
    });
    part.hidden = !part.querySelector("li:not([hidden])");
  });
  return count;
}

function offer(sought) {
  var start = sought.join(" "), found = PAGES.filter(page => has(page.join(" "), sought));
  // First what starts with the words, then what has them in its name, then what has them elsewhere.
  function far(page) {
    var at = bare(page[1]).indexOf(start);
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  }
  found.sort((a, b) => far(a) - far(b));
  function line(page) {
    var item = document.createElement("li"), link = document.createElement("a"), kind = document.createElement("span");
    link.href = form.dataset.root + page[0];
    link.textContent = page[1] + " ";
    kind.textContent = page[2];
    link.append(kind);
    item.append(link);
    return item;
  }
  var lines = found.slice(0, MOST).map(line), all = "search.html?q=" + encodeURIComponent(field.value);
  if (found.length > MOST) lines.push(line([all, "All " + found.length, ""]));
  list.replaceChildren.apply(list, lines);
  if (found.length) form.append(list);
  return found.length;
}

function update() {
  var sought = words();
  list.remove();
  var count = whole ? keep(sought) : sought.length ? offer(sought) : 0;
  output.textContent = !sought.length ? "" : count ? count + (count === 1 ? " match" : " matches") : "Nothing matches";
}

field.addEventListener("input", update);
field.addEventListener("focus", update);

form.addEventListener("submit", event => {
  var first = (whole || list).querySelector("li:not([hidden]) a");
  event.preventDefault();
  if (words().length && first) location.href = first.href;
  else if (!whole) location.href = form.action;
});

form.addEventListener("keydown", event => {
  var links = Array.from(list.querySelectorAll("a")), at = links.indexOf(document.activeElement);
  if (event.key === "Escape" && list.isConnected) {
    field.focus();
    list.remove();
  }
  if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || !list.isConnected) return;
  event.preventDefault();
  (links[at + (event.key === "ArrowDown" ? 1 : -1)] || field).focus();
});

form.addEventListener("focusout", event => {
  if (event.relatedTarget && !form.contains(event.relatedTarget)) list.remove();
});

list.className = "found";
if (whole) field.value = new URLSearchParams(location.search).get("q") || "";
update();
