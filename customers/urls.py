"""Customers and what is done to them, under /customers/."""

from django.urls import include, path

from customers.accounts import views as accounts
from customers.accounts.answers import views as answers
from customers.choosing import views as choosing
from customers.files import views as files
from customers.notes import views as notes
from customers.profile import views as profile
from customers.profile.acts import views as acts
from customers.profile.lists import views as lists
from customers.protection import views as protection
from customers.relations import views as relations
from customers.requests import views as requests
from customers.verification import views as verification

app_name = "customers"

# /customers/groups/<pk>/: what concerns the members of a customer group
group_urls = [
    path("delete/", accounts.GroupDelete.as_view(), name="group_delete"),
    path("restore/", accounts.GroupRestore.as_view(), name="group_restore"),
    path("disable/", accounts.GroupDisable.as_view(), name="group_disable"),
    path("enable/", accounts.GroupEnable.as_view(), name="group_enable"),
    path("reopen/", accounts.GroupReopen.as_view(), name="group_reopen"),
]

# /customers/<pk>/
customer_urls = [
    path("", profile.CustomerDetail.as_view(), name="customer_detail"),
    path("edit/", profile.CustomerEdit.as_view(), name="customer_edit"),
    path("notes/", notes.NoteList.as_view(), name="customer_notes"),
    path("notes/add/", notes.NoteAdd.as_view(), name="customer_note_add"),
    path("attachments/", files.AttachmentList.as_view(), name="customer_attachments"),
    path("attachments/add/", files.Attach.as_view(), name="customer_attach"),
    path("request-update/", requests.RequestUpdate.as_view(), name="customer_request_update"),
    path("request-rating/", requests.RequestRating.as_view(), name="customer_request_rating"),
    path("verify/", verification.CustomerVerify.as_view(), name="customer_verify"),
    path("verify/revoke/", verification.VerificationRevoke.as_view(), name="customer_verification_revoke"),
    path("visits/", protection.VisitList.as_view(), name="customer_visits"),
    path("timeline/", profile.CustomerTimeline.as_view(), name="customer_timeline"),
    path("contacts/", lists.CustomerContacts.as_view(), name="customer_contact_list"),
    path("suspension/", lists.CustomerGates.as_view(), name="customer_gate_list"),
    path("sub-accounts/", relations.SubAccountList.as_view(), name="customer_sub_list"),
    path("sub-accounts/link/", relations.SubAccountLink.as_view(), name="customer_sub_link"),
    path("resold/", relations.ResoldList.as_view(), name="customer_resold_list"),
    path("resold/link/", relations.ResoldLink.as_view(), name="customer_resold_link"),
    path("unlink/", relations.CustomerUnlink.as_view(), name="customer_unlink"),
    path("unlink-reseller/", relations.CustomerUnlinkReseller.as_view(), name="customer_unlink_reseller"),
    path("relink/", relations.CustomerRelink.as_view(), name="customer_relink"),
    path("suspend/again/", acts.CustomerSuspendAgain.as_view(), name="customer_suspend_again"),
    path("suspend/", acts.CustomerSuspend.as_view(), name="customer_suspend"),
    path("unsuspend/", acts.CustomerUnsuspend.as_view(), name="customer_unsuspend"),
    path("disable/again/", acts.CustomerDisableAgain.as_view(), name="customer_disable_again"),
    path("disable/", acts.CustomerDisable.as_view(), name="customer_disable"),
    path("enable/", acts.CustomerEnable.as_view(), name="customer_enable"),
    path("cancel/again/", acts.CustomerCancelAgain.as_view(), name="customer_cancel_again"),
    path("cancel/", acts.CustomerCancel.as_view(), name="customer_cancel"),
    path("cancel/clear/", acts.CustomerCancelClear.as_view(), name="customer_cancel_clear"),
    path("delete/again/", acts.CustomerDeleteAgain.as_view(), name="customer_delete_again"),
    path("delete/", acts.CustomerDelete.as_view(), name="customer_delete"),
    path("undelete/", acts.CustomerUndelete.as_view(), name="customer_undelete"),
    path("password-reset/", acts.CustomerPasswordReset.as_view(), name="customer_password_reset"),
    path("id-number/", acts.CustomerIdNumber.as_view(), name="customer_id_number"),
]

# /customers/notes/<pk>/
note_urls = [
    path("edit/", notes.NoteEdit.as_view(), name="note_edit"),
    path("pin/", notes.NotePin.as_view(), name="note_pin"),
    path("unpin/", notes.NoteUnpin.as_view(), name="note_unpin"),
    path("remove/", notes.NoteRemove.as_view(), name="note_remove"),
    path("restore/", notes.NoteRestore.as_view(), name="note_restore"),
]

# /customers/attachments/<pk>/
attachment_urls = [
    path("", files.AttachmentDetail.as_view(), name="attachment_detail"),
    path("download/", files.AttachmentDownload.as_view(), name="attachment_download"),
    path("preview/", files.AttachmentPreview.as_view(), name="attachment_preview"),
    path("remove/", files.AttachmentRemove.as_view(), name="attachment_remove"),
    path("restore/", files.AttachmentRestore.as_view(), name="attachment_restore"),
]

urlpatterns = [
    path("", accounts.CustomerList.as_view(), name="customer_list"),
    path("edit/", choosing.CustomerChoose.as_view(), name="customer_choose"),
    path("add/", accounts.CustomerAdd.as_view(), name="customer_add"),
    path("pick/", relations.CustomerPick.as_view(), name="customer_pick"),
    path("hints/code/", answers.CodeHint.as_view(), name="code_hint"),
    path("hints/position/", answers.PositionHint.as_view(), name="position_hint"),
    path("hints/duplicates/", answers.DuplicateHint.as_view(), name="duplicate_hint"),
    path("groups/<int:pk>/", include(group_urls)),
    path("imports/", include("customers.imports.urls")),
    path("requests/<int:pk>/revoke/", requests.RequestRevoke.as_view(), name="request_revoke"),
    path("changes/", requests.ChangeRequestList.as_view(), name="change_request_list"),
    path("changes/<int:pk>/", requests.ChangeRequestDecide.as_view(), name="change_request_decide"),
    path("ratings/", requests.RatingList.as_view(), name="rating_list"),
    path("ratings/<int:pk>/dealt-with/", requests.RatingHandle.as_view(), name="rating_handle"),
    path("notes/<int:pk>/", include(note_urls)),
    path("attachments/<int:pk>/", include(attachment_urls)),
    path("<int:pk>/", include(customer_urls)),
]
