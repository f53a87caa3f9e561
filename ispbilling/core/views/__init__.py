"""The pages every staff page is made of; they own log-in, permission (403), visibility (404), HTMX, messages.

How to add a list page
----------------------
    class GroupList(ListPage):
        queryset = CustomerGroup.objects.with_counts()  # `visible_to(user)` is applied where it exists
        table_class = GroupTable                        # a core.tables.Table with `default_columns`
        filterset_class = GroupFilter                   # optional django-filter FilterSet
        permission = "groups.view"                      # a row of core.access.PERMISSIONS
        title = "Customer Groups"
        search_fields = ("name", "code")
        states = (
            State("normal", "Normal", Q(enabled=True)),
            State("off", "Disabled", Q(enabled=False), hidden_word="disabled"),
        )
        add_url_name, add_permission, add_label = "groups:group_add", "groups.add", "Add Group"
        empty_text = "Groups sort customers and carry their defaults."

Search, states, filters with chips, columns remembered per user, rows, copy, CSV and Excel (permission
`<area>.export`), paging, sorting and the HTMX partial come with it. The URL holds everything. A list of
personal data says what it holds (`confidential = "names and telephone numbers"`): its export asks what for.
Bulk acts: `bulk_actions = (BulkAction("Message", "customers:bulk_message"),)` with a `BulkPage` behind it.

How to add a detail page with widgets
-------------------------------------
    class CustomerDetail(DetailPage):
        queryset = Customer.objects.all()
        permission = "customers.view"
        panels = (Panel("Details", (Attr("code", "Account Code"), Attr("balance", kind="money"))),)

        def buttons(self):
            return [Button("Edit", reverse(...), "pencil", permission="customers.edit", modal=True)]

Any app adds a widget in `apps.ready`: `registries.add_widget("customers:customer_detail", BalanceWidget)`.
The page loads it by HTMX from `?widget=<name>`. The key is the URL name of the page. Each person may move and hide
the parts (`?customize=1`); a part added later stands at its default place (core.layouts).

How to add an add or edit page
------------------------------
    class GroupAdd(AddPage):
        model = CustomerGroup
        permission = "groups.add"
        title = "Add Group"
        tabs = (Tab("general", "General", GeneralForm), Tab("data", "Data", DataForm))  # or: form_class = ...

        def act(self, obj, form, actor):
            return onboarding.add_group(**form.cleaned_data, actor=actor)

`form` is a `core.forms.Tabs`: `form.cleaned_data` merges the page's own tabs, `form["data"]` is one of them.
Without `act` the page saves its ModelForms and records `<model>.added` or `<model>.changed` with the old and
new values. Further tabs come from other apps: `registries.add_tab("customers:customer_edit", Tab(...))`.

How to add an act page (a verb)
-------------------------------
    class Suspend(ActionPage):
        queryset = Customer.objects.all()
        permission = "customers.suspend"
        form_class = ReasonForm
        title, submit_label, danger = "Suspend Now", "Suspend", True

        def consequences(self, obj):
            return [f"{obj.online} sessions are disconnected.", "Nobody is billed."]

        def act(self, obj, form, actor):
            gates.close(obj, Gate.SUSPENDED, actor=actor, now=clock.now())

        def done(self, obj, result):
            return f"{obj} is suspended."

        def undo_url(self, obj, result):  # optional: the report offers Undo
            return reverse("customers:customer_resume", args=[obj.pk])

A `DomainError` from `act` becomes the form's error; everything else is a bug and propagates. Link to an edit
or act page with `Button(..., modal=True)` (or `<a data-modal>`): it opens as a dialog, without JavaScript
as a page. A page that is none of these starts from `StaffPage`; its template extends `base.html`.
"""

from ispbilling.core.views.forms import ActionPage, AddPage, BulkPage, EditPage, FormPage, RevealPage
from ispbilling.core.views.lists import ListPage
from ispbilling.core.views.objects import DetailPage, ObjectPage
from ispbilling.core.views.page import StaffPage, report, scoped

__all__ = [
    "ActionPage",
    "AddPage",
    "BulkPage",
    "DetailPage",
    "EditPage",
    "FormPage",
    "ListPage",
    "ObjectPage",
    "RevealPage",
    "StaffPage",
    "report",
    "scoped",
]
