// Around every page: the reader's choice of colours, kept where the browser keeps anything and made before the page is
// drawn, and the field that searches all pages.
var THEMES = ["auto", "light", "dark"], theme;

function setTheme(chosen) {
  var root = document.documentElement, meta = document.querySelector("meta[name=color-scheme]");
  theme = THEMES.indexOf(chosen) < 0 ? THEMES[0] : chosen;
  if (theme === THEMES[0]) root.removeAttribute("data-theme");
  else root.dataset.theme = theme;
  if (meta) meta.content = theme === THEMES[0] ? "light dark" : theme;
}

try { setTheme(localStorage.getItem("genboard-theme")); } catch (e) { setTheme(); }

function chooseTheme(button) {
  function next() { return THEMES[(THEMES.indexOf(theme) + 1) % 3]; }
  function show() {
    button.setAttribute("aria-label", "Colours: " + theme + "; change to " + next());
    button.title = "Colours: " + theme;
  }
  on(button, "click", () => {
    setTheme(next());
    try { localStorage.setItem("genboard-theme", theme); } catch (e) { /* then it holds for this page */ }
    show();
  });
  on(window, "storage", event => { // another page of the site was told
    if (event.key === "genboard-theme") { setTheme(event.newValue); show(); }
  });
  show();
  button.hidden = false;
}

parts.push(["[data-theme-button]", chooseTheme]);

// The list of pages, and what searches it, is a script of its own that the first visit to the field fetches.
function find(form) {
  var field = form.elements.q;
  function load() {
    field.removeEventListener("focus", load);
    var at = form.dataset.root + "search.";
    document.head.append(element("link", { rel: "stylesheet", href: at + "css" }), element("script", { src: at + "js" }));
  }
  on(field, "focus", load);
  if (document.getElementById("pages")) load();
  on(document, "keydown", event => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    field.focus();
  });
}

parts.push(["form.find", find]);
