from django.apps import AppConfig


class RadiusConfig(AppConfig):
    name = "radius"
    verbose_name = "RADIUS"

    def ready(self) -> None:
        from ispbilling import search
        from ispbilling.core.registries import add_guard, add_tab, add_widget
        from radius.attributes import widgets as attributes
        from radius.bundles import widgets as bundles
        from radius.coa import widgets as coa
        from radius.consumption import widgets as consumption
        from radius.finding import SOURCES
        from radius.nas import widgets as nas
        from radius.rolling import transferring
        from radius.rolling import widgets as rolling
        from radius.server import widgets as server
        from radius.speed import widgets as speed
        from radius.usage import widgets as usage

        on_customer = (
            consumption.DataAccountsWidget,
            consumption.DataUsageWidget,
            rolling.DataExpiryWidget,
            usage.ActiveSessionsWidget,
            usage.PreviousSessionsWidget,
            speed.SpeedTestsWidget,
            server.ProblemsWidget,
        )
        on_line = (
            server.AccessWidget,
            consumption.LineUsageWidget,
            rolling.LineExpiryWidget,
            bundles.LineBundlesWidget,
            usage.LineActiveSessionsWidget,
            usage.LinePreviousSessionsWidget,
            speed.LineSpeedTestsWidget,
            server.LineRejectsWidget,
            attributes.LineAttributesWidget,
            coa.LineCoaWidget,
        )
        for widget in on_customer:
            add_widget("customers:customer_detail", widget)
        for widget in on_line:
            add_widget("radius:data_account_detail", widget)
        add_widget("radius:service_detail", attributes.ServiceAttributesWidget)
        for widget in (bundles.BundleDrawsWidget, bundles.BundleChildrenWidget):
            add_widget("radius:bundle_detail", widget)
        add_widget("radius:session_detail", coa.SessionCoaWidget)
        for widget in (nas.PostureWidget, nas.DaysWidget):
            add_widget("radius:nas_detail", widget)
        add_tab("core:provider_edit", rolling.SETTINGS)
        add_guard("data_bundle.restore", transferring.kept_void)
        for source in SOURCES:
            search.register(source)
