// The ruler of another metric.
parts.push(["[data-ruler]", ruler => {
  var select = ruler.querySelector("select");
  if (!select) return;
  function show() {
    ruler.querySelectorAll("[data-scale]").forEach(part => { part.hidden = part.dataset.scale !== select.value; });
  }
  on(select, "change", show);
  select.closest(".tools").hidden = false;
  show(); // a browser may have kept what was chosen
}]);
