// Log-in pages: send once, show the error first.
document.addEventListener("submit", function (event) {
  var form = event.target;
  if (form.dataset.saving) { event.preventDefault(); return; }
  form.dataset.saving = "1";
});
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form").forEach(function (form) { delete form.dataset.saving; });
  var wrong = document.querySelector(".is-invalid, .alert-danger");
  if (wrong && wrong.focus) { wrong.focus(); }
});
