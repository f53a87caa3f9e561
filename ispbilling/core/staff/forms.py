"""The form of a staff login."""

from typing import Any

from crispy_forms.layout import Layout

from ispbilling.core.forms import Pair, SeenForm
from ispbilling.core.models import Role, User


class StaffForm(SeenForm):
    """Names, e-mail and role; the username is fixed once it exists."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "role")
        help_texts = {"username": "What the person types to log in. It cannot be changed later."}

    layout = Layout("username", Pair("first_name", "last_name"), "email", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.choices = [(choice.value, choice.label) for choice in Role.staff()]
        role.help_text = "What this person may see and do."
        if self.instance.pk:
            del self.fields["username"]
            self.layout = Layout(Pair("first_name", "last_name"), "email", "role")

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            self.add_error("username", "Somebody else has this username already.")
        return username
