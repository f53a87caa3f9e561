"""Pages of the kernel itself."""

from django.urls import include, path

from ispbilling.core.log import views as log
from ispbilling.core.provider import views as provider
from ispbilling.core.staff import views as staff

app_name = "core"

# /staff/
staff_urls = [
    path("", staff.StaffList.as_view(), name="staff_list"),
    path("add/", staff.StaffAdd.as_view(), name="staff_add"),
    path("<int:pk>/edit/", staff.StaffEdit.as_view(), name="staff_edit"),
    path("<int:pk>/disable/", staff.StaffDisable.as_view(), name="staff_disable"),
    path("<int:pk>/enable/", staff.StaffEnable.as_view(), name="staff_enable"),
    path("<int:pk>/link/", staff.StaffLink.as_view(), name="staff_link"),
]

urlpatterns = [
    path("staff/", include(staff_urls)),
    path("provider/", provider.ProviderEdit.as_view(), name="provider_edit"),
    path("logo/<str:digest>/", provider.LogoPicture.as_view(), name="logo"),
    path("events/", log.EventList.as_view(), name="event_list"),
]
