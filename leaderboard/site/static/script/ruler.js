// The ruler of another metric.
parts.push(["[data-ruler]", function (ruler) {
  var select = ruler.querySelector("select");
  if (!select) return;
  function show() {
    ruler.querySelectorAll("[data-scale]").forEach(function (part) { part.hidden = part.dataset.scale !== select.value; });
  }
  select.addEventListener("change", show);
  select.closest(".tools").hidden = false;
  show(); // a browser may have kept what was chosen
}]);
