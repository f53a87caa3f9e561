// Runs before the first paint, so that the page never flashes in the wrong theme.
(function () {
  var root = document.documentElement;
  var device = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() {
    try { return localStorage.getItem("theme") || "auto"; } catch (e) { return "auto"; }
  }
  function apply() {
    var choice = stored();
    root.setAttribute("data-bs-theme", choice === "auto" ? (device.matches ? "dark" : "light") : choice);
    root.setAttribute("data-theme-choice", choice);
    document.dispatchEvent(new CustomEvent("theme"));
  }
  window.setTheme = function (choice) {
    try { localStorage.setItem("theme", choice); } catch (e) { /* private window: lasts for this page */ }
    apply();
  };
  device.addEventListener("change", apply);
  apply();
})();
