"""Pages of money: overview, documents, drafts, payments, debit orders, ages, statements, recurring, runs, settings."""

from django.urls import include, path

from billing.accounting import views as accounting
from billing.ageing import views as ageing
from billing.allocating import views as allocating
from billing.archives import views as archives
from billing.banking import views as banking
from billing.calls.views import calls, decks, imports, numbers
from billing.changes import views as changes
from billing.closing import views as closing
from billing.costing import views as costing
from billing.data_sales.views import automatic, prepaid, sales
from billing.data_sales.views import settings as data_sales
from billing.debiting.views import batches as debits
from billing.debiting.views import mandates
from billing.debiting.views import results as debit_results
from billing.debiting.views import rows as debit_rows
from billing.documents import views as documents
from billing.drafts import views as drafts
from billing.gateways import views as gateways
from billing.overview import views as overview
from billing.payments import views as payments
from billing.proving import views as proving
from billing.recurring import views as recurring
from billing.runs import views as runs
from billing.simulating import views as simulating
from billing.statements.views import many as mailings
from billing.statements.views import one as statements
from billing.trial import views as trial

app_name = "billing"

# /billing/documents/
document_urls = [
    path("", documents.DocumentList.as_view(), name="document_list"),
    path("<int:pk>/", documents.DocumentDetail.as_view(), name="document_detail"),
    path("<int:pk>/pdf/", documents.DocumentPdf.as_view(), name="document_pdf"),
    path("<int:pk>/credit/", documents.DocumentCredit.as_view(), name="document_credit"),
    path("<int:pk>/take-back/", documents.DocumentTakeBack.as_view(), name="document_take_back"),
    path("<int:pk>/clone/", drafts.DocumentClone.as_view(), name="document_clone"),
    path("adjust/<int:pk>/", documents.AdjustmentAdd.as_view(), name="adjustment_add"),
    path("write-off/<int:pk>/", documents.WriteOffAdd.as_view(), name="write_off_add"),
]

# /billing/drafts/
draft_urls = [
    path("", drafts.DraftList.as_view(), name="draft_list"),
    path("add/", drafts.DraftAdd.as_view(), name="draft_add"),
    path("<int:pk>/", drafts.DraftDetail.as_view(), name="draft_detail"),
    path("<int:pk>/edit/", drafts.DraftEdit.as_view(), name="draft_edit"),
    path("<int:pk>/delete/", drafts.DraftDelete.as_view(), name="draft_delete"),
    path("<int:pk>/clone/", drafts.DraftClone.as_view(), name="draft_clone"),
    path("<int:pk>/issue/", drafts.DraftIssue.as_view(), name="draft_issue"),
]

# /billing/payments/
payment_urls = [
    path("", payments.PaymentList.as_view(), name="payment_list"),
    path("add/", payments.PaymentAdd.as_view(), name="payment_add"),
    path("unallocated/", payments.PaymentUnallocated.as_view(), name="payment_unallocated"),
    path("<int:pk>/", payments.PaymentDetail.as_view(), name="payment_detail"),
    path("<int:pk>/pdf/", payments.PaymentPdf.as_view(), name="payment_pdf"),
    path("<int:pk>/assign/", payments.PaymentAssign.as_view(), name="payment_assign"),
    path("<int:pk>/release/", payments.PaymentRelease.as_view(), name="payment_release"),
    path("<int:pk>/take-back/", payments.PaymentTakeBack.as_view(), name="payment_take_back"),
]

# /billing/online/
online_urls = [
    path("", gateways.CheckoutList.as_view(), name="checkout_list"),
    path("<int:pk>/", gateways.CheckoutDetail.as_view(), name="checkout_detail"),
    path("<int:pk>/record/", gateways.CheckoutSettle.as_view(), name="checkout_settle"),
    path("told/", gateways.DeliveryList.as_view(), name="delivery_list"),
    path("told/<int:pk>/", gateways.DeliveryDetail.as_view(), name="delivery_detail"),
    path("settings/<slug:name>/", gateways.GatewayEdit.as_view(), name="gateway_edit"),
]

# /billing/bank/
bank_urls = [
    path("", banking.BankImportList.as_view(), name="bank_import_list"),
    path("add/", banking.BankImportAdd.as_view(), name="bank_import_add"),
    path("leave-out/", banking.BankLineLeaveOut.as_view(), name="bank_import_leave_out"),
    path("take-in/", banking.BankLineTakeIn.as_view(), name="bank_import_take_in"),
    path("pay-out/", banking.BankLinePayOut.as_view(), name="bank_import_pay_out"),
    path("<int:pk>/", banking.BankImportDetail.as_view(), name="bank_import_detail"),
    path("<int:pk>/progress/", banking.BankImportProgress.as_view(), name="bank_import_progress"),
    path("<int:pk>/columns/", banking.BankImportColumns.as_view(), name="bank_import_columns"),
    path("<int:pk>/discard/", banking.BankImportDiscard.as_view(), name="bank_import_discard"),
    path("<int:pk>/post/", banking.BankImportPost.as_view(), name="bank_import_post"),
    path("<int:pk>/undo/", banking.BankImportUndo.as_view(), name="bank_import_undo"),
]

# /billing/calls/
call_urls = [
    path("", calls.CallList.as_view(), name="call_list"),
    path("leave-out/", calls.CallLeaveOut.as_view(), name="call_leave_out"),
    path("take-in/", calls.CallTakeIn.as_view(), name="call_take_in"),
    path("unknown/", calls.CallerList.as_view(), name="caller_list"),
    path("unknown/leave-out/", calls.CallerLeaveOut.as_view(), name="caller_leave_out"),
    path("unknown/assign/", numbers.PhoneNumberAssign.as_view(), name="phone_number_assign"),
    path("unrated/", calls.UnratedList.as_view(), name="unrated_list"),
    path("files/", imports.CallImportList.as_view(), name="call_import_list"),
    path("files/add/", imports.CallImportAdd.as_view(), name="call_import_add"),
    path("files/<int:pk>/", imports.CallImportDetail.as_view(), name="call_import_detail"),
    path("files/<int:pk>/progress/", imports.CallImportProgress.as_view(), name="call_import_progress"),
    path("files/<int:pk>/columns/", imports.CallImportColumns.as_view(), name="call_import_columns"),
    path("files/<int:pk>/start/", imports.CallImportStart.as_view(), name="call_import_start"),
    path("files/<int:pk>/discard/", imports.CallImportDiscard.as_view(), name="call_import_discard"),
    path("files/<int:pk>/undo/", imports.CallImportUndo.as_view(), name="call_import_undo"),
    path("numbers/", numbers.PhoneNumberList.as_view(), name="phone_number_list"),
    path("numbers/add/<int:pk>/", numbers.PhoneNumberAdd.as_view(), name="phone_number_add"),
    path("numbers/<int:pk>/", numbers.PhoneNumberEdit.as_view(), name="phone_number_edit"),
    path("numbers/<int:pk>/delete/", numbers.PhoneNumberDelete.as_view(), name="phone_number_delete"),
]

# /billing/debits/
debit_urls = [
    path("", debits.BatchList.as_view(), name="debit_batch_list"),
    path("add/", debits.BatchAdd.as_view(), name="debit_batch_add"),
    path("<int:pk>/", debits.BatchDetail.as_view(), name="debit_batch_detail"),
    path("<int:pk>/left-out/", debits.BatchLeftOut.as_view(), name="debit_batch_left_out"),
    path("<int:pk>/approve/", debits.BatchApprove.as_view(), name="debit_batch_approve"),
    path("<int:pk>/send/", debits.BatchSend.as_view(), name="debit_batch_send"),
    path("<int:pk>/file/", debits.BatchFile.as_view(), name="debit_batch_file"),
    path("<int:pk>/cancel/", debits.BatchCancel.as_view(), name="debit_batch_cancel"),
    path("<int:pk>/discard/", debits.BatchDiscard.as_view(), name="debit_batch_discard"),
    path("collections/", debit_rows.RowList.as_view(), name="debit_row_list"),
    path("collections/accept/", debit_rows.RowAccept.as_view(), name="debit_row_accept"),
    path("collections/reject/", debit_rows.RowReject.as_view(), name="debit_row_reject"),
    path("collections/return/", debit_rows.RowReturn.as_view(), name="debit_row_return"),
    path("collections/reopen/", debit_rows.RowReopen.as_view(), name="debit_row_reopen"),
    path("collections/take-out/", debit_rows.RowTakeOut.as_view(), name="debit_row_take_out"),
    path("collections/put-back/", debit_rows.RowPutBack.as_view(), name="debit_row_put_back"),
    path("results/", debit_results.ResultList.as_view(), name="debit_result_list"),
    path("results/add/", debit_results.ResultAdd.as_view(), name="debit_result_add"),
    path("results/<int:pk>/", debit_results.ResultDetail.as_view(), name="debit_result_detail"),
    path("results/<int:pk>/progress/", debit_results.ResultProgress.as_view(), name="debit_result_progress"),
    path("results/<int:pk>/post/", debit_results.ResultPost.as_view(), name="debit_result_post"),
    path("results/<int:pk>/discard/", debit_results.ResultDiscard.as_view(), name="debit_result_discard"),
    path("mandates/", mandates.MandateList.as_view(), name="mandate_list"),
    path("mandates/add/<int:pk>/", mandates.MandateAdd.as_view(), name="mandate_add"),
    path("mandates/<int:pk>/", mandates.MandateDetail.as_view(), name="mandate_detail"),
    path("mandates/<int:pk>/edit/", mandates.MandateEdit.as_view(), name="mandate_edit"),
    path("mandates/<int:pk>/pause/", mandates.MandatePause.as_view(), name="mandate_pause"),
    path("mandates/<int:pk>/resume/", mandates.MandateResume.as_view(), name="mandate_resume"),
    path("mandates/<int:pk>/cancel/", mandates.MandateCancel.as_view(), name="mandate_cancel"),
    path("mandates/<int:pk>/restore/", mandates.MandateRestore.as_view(), name="mandate_restore"),
    path("mandates/<int:pk>/number/", mandates.MandateNumber.as_view(), name="mandate_number"),
]

# /billing/ageing/
ageing_urls = [
    path("", ageing.AgeList.as_view(), name="age_list"),
    path("<int:pk>/", ageing.OpenItems.as_view(), name="open_items"),
    path("allocations/<int:pk>/", allocating.AllocationEdit.as_view(), name="allocation_edit"),
]

# /billing/trial/
trial_urls = [
    path("", trial.TrialBalance.as_view(), name="trial_balance"),
    path("<int:pk>/", trial.TrialAccount.as_view(), name="trial_account"),
    path("proof/", proving.LedgerProof.as_view(), name="ledger_proof"),
    path("proof/verify/", proving.LedgerVerify.as_view(), name="ledger_verify"),
]

# /billing/accounting/
accounting_urls = [
    path("", accounting.AccountingList.as_view(), name="accounting_list"),
    path("settings/", accounting.AccountingSettingsEdit.as_view(), name="accounting_settings"),
    path("codes/", accounting.AccountingCodes.as_view(), name="accounting_codes"),
    path("contacts/", accounting.AccountingContacts.as_view(), name="accounting_contacts"),
    path("add/", accounting.AccountingExportAdd.as_view(), name="accounting_export_add"),
    path("<int:pk>/", accounting.AccountingExportDetail.as_view(), name="accounting_export"),
    path(
        "<int:pk>/download/", accounting.AccountingExportDownload.as_view(), name="accounting_export_download"
    ),
    path("<int:pk>/undo/", accounting.AccountingExportUndo.as_view(), name="accounting_export_undo"),
]

# /billing/statements/
statement_urls = [
    path("", mailings.MailingList.as_view(), name="mailing_list"),
    path("add/", mailings.MailingAdd.as_view(), name="mailing_add"),
    path("<int:pk>/", mailings.MailingDetail.as_view(), name="mailing_detail"),
    path("<int:pk>/progress/", mailings.MailingProgress.as_view(), name="mailing_progress"),
    path("<int:pk>/send/", mailings.MailingSend.as_view(), name="mailing_send"),
    path("<int:pk>/discard/", mailings.MailingDiscard.as_view(), name="mailing_discard"),
    path("of/<int:pk>/", statements.StatementDetail.as_view(), name="statement_detail"),
    path("of/<int:pk>/pdf/", statements.StatementPdf.as_view(), name="statement_pdf"),
    path("of/<int:pk>/send/", statements.StatementSend.as_view(), name="statement_send"),
]

# /billing/recurring/
recurring_urls = [
    path("", recurring.RecurringList.as_view(), name="recurring_list"),
    path("add/<int:pk>/", recurring.RecurringAdd.as_view(), name="recurring_add"),
    path("<int:pk>/", recurring.RecurringEdit.as_view(), name="recurring_edit"),
    path("<int:pk>/end/", recurring.RecurringEnd.as_view(), name="recurring_end"),
    path("<int:pk>/reopen/", recurring.RecurringReopen.as_view(), name="recurring_reopen"),
    path("<int:pk>/replace/", recurring.RecurringReplace.as_view(), name="recurring_replace"),
]

# /billing/changes/
change_urls = [
    path("", changes.PackageChangeList.as_view(), name="package_change_list"),
    path("add/<int:pk>/", changes.PackageChangeAdd.as_view(), name="package_change_add"),
    path("<int:pk>/", changes.PackageChangeDetail.as_view(), name="package_change_detail"),
    path("<int:pk>/cancel/", changes.PackageChangeCancel.as_view(), name="package_change_cancel"),
    path("<int:pk>/restore/", changes.PackageChangeRestore.as_view(), name="package_change_restore"),
    path("<int:pk>/undo/", changes.PackageChangeUndo.as_view(), name="package_change_undo"),
]

# /billing/products/
product_urls = [
    path("", recurring.ProductList.as_view(), name="product_list"),
    path("add/", recurring.ProductAdd.as_view(), name="product_add"),
    path("<int:pk>/", recurring.ProductEdit.as_view(), name="product_edit"),
]

# /billing/runs/
run_urls = [
    path("", runs.RunList.as_view(), name="run_list"),
    path("add/", runs.RunAdd.as_view(), name="run_add"),
    path("<int:pk>/", runs.RunDetail.as_view(), name="run_detail"),
    path("<int:pk>/progress/", runs.RunProgress.as_view(), name="run_progress"),
    path("<int:pk>/unbilled/", runs.RunUnbilled.as_view(), name="run_unbilled"),
    path("<int:pk>/approve/", runs.RunApprove.as_view(), name="run_approve"),
    path("<int:pk>/discard/", runs.RunDiscard.as_view(), name="run_discard"),
    path("<int:pk>/again/", runs.RunAgain.as_view(), name="run_again"),
    path("<int:pk>/undo/", runs.RunUndo.as_view(), name="run_undo"),
    path("<int:pk>/pdfs/", archives.RunPdfs.as_view(), name="run_pdfs"),
    path("<int:pk>/pdfs/make/", archives.RunPdfsMake.as_view(), name="run_pdfs_make"),
    path("pdfs/<int:pk>/", archives.RunPdfsDownload.as_view(), name="run_pdfs_download"),
]

# /billing/simulator/
simulator_urls = [
    path("", simulating.Simulator.as_view(), name="simulator"),
    path("<int:pk>/", simulating.CustomerSimulator.as_view(), name="customer_simulator"),
    path("many/", simulating.SimulationAdd.as_view(), name="simulation_add"),
    path("many/<int:pk>/", simulating.SimulationDetail.as_view(), name="simulation_detail"),
    path("many/<int:pk>/progress/", simulating.SimulationProgress.as_view(), name="simulation_progress"),
]

# /billing/topups/
topup_urls = [
    path("", sales.SaleList.as_view(), name="topup_sale_list"),
    path("<int:pk>/", sales.SaleDetail.as_view(), name="topup_sale_detail"),
    path("<int:pk>/undo/", sales.SaleUndo.as_view(), name="topup_sale_undo"),
    path("sell/<int:pk>/", sales.TopupSell.as_view(), name="topup_sell"),
    path("grace/<int:pk>/", sales.GraceGive.as_view(), name="topup_grace"),
    path("automatic/", automatic.AutoList.as_view(), name="auto_topup_list"),
    path("automatic/<int:pk>/", automatic.AutoEdit.as_view(), name="auto_topup_edit"),
    path("automatic/<int:pk>/off/", automatic.AutoOff.as_view(), name="auto_topup_off"),
    path("prepaid/", prepaid.SwitchList.as_view(), name="prepaid_switch_list"),
    path("prepaid/<int:pk>/", prepaid.SwitchToPrepaid.as_view(), name="prepaid_switch"),
    path("prepaid/<int:pk>/back/", prepaid.SwitchToMonthly.as_view(), name="prepaid_switch_back"),
    path("prepaid/<int:pk>/cancel/", prepaid.SwitchCancel.as_view(), name="prepaid_switch_cancel"),
]

# /billing/settings/
settings_urls = [
    path("data/", data_sales.SettingsEdit.as_view(), name="data_sales_settings"),
    path("", recurring.SettingsEdit.as_view(), name="settings_edit"),
    path("vat/", recurring.VatRateList.as_view(), name="vat_list"),
    path("vat/add/", recurring.VatRateAdd.as_view(), name="vat_add"),
    path("debits/", mandates.DebitSettingsEdit.as_view(), name="debit_settings_edit"),
    path("close/", closing.BooksClose.as_view(), name="books_close"),
    path("reopen/", closing.BooksReopen.as_view(), name="books_reopen"),
    path("phone/", decks.PhoneModelList.as_view(), name="phone_costing_list"),
    path("phone/add/", decks.PhoneModelAdd.as_view(), name="phone_costing_add"),
    path("phone/<int:pk>/", decks.PhoneRateList.as_view(), name="phone_costing_detail"),
    path("phone/<int:pk>/edit/", decks.PhoneModelEdit.as_view(), name="phone_costing_edit"),
    path("phone/<int:pk>/delete/", decks.PhoneModelDelete.as_view(), name="phone_costing_delete"),
    path("phone/<int:pk>/rates/add/", decks.PhoneRateAdd.as_view(), name="phone_rate_add"),
    path("phone/<int:pk>/rates/upload/", decks.PhoneRateUpload.as_view(), name="phone_rate_upload"),
    path("phone/rates/<int:pk>/", decks.PhoneRateEdit.as_view(), name="phone_rate_edit"),
    path("phone/rates/<int:pk>/delete/", decks.PhoneRateDelete.as_view(), name="phone_rate_delete"),
    path("costing/", costing.CostingList.as_view(), name="costing_list"),
    path("costing/add/", costing.CostingAdd.as_view(), name="costing_add"),
    path("costing/<int:pk>/", costing.CostingEdit.as_view(), name="costing_edit"),
    path("costing/<int:pk>/delete/", costing.CostingDelete.as_view(), name="costing_delete"),
]

urlpatterns = [
    path("", overview.Overview.as_view(), name="overview"),
    path("documents/", include(document_urls)),
    path("drafts/", include(draft_urls)),
    path("bank/", include(bank_urls)),
    path("online/", include(online_urls)),
    path("payments/", include(payment_urls)),
    path("calls/", include(call_urls)),
    path("debits/", include(debit_urls)),
    path("ageing/", include(ageing_urls)),
    path("trial/", include(trial_urls)),
    path("accounting/", include(accounting_urls)),
    path("statements/", include(statement_urls)),
    path("recurring/", include(recurring_urls)),
    path("changes/", include(change_urls)),
    path("products/", include(product_urls)),
    path("runs/", include(run_urls)),
    path("simulator/", include(simulator_urls)),
    path("topups/", include(topup_urls)),
    path("settings/", include(settings_urls)),
]
