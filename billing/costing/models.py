"""Data costing models: prices of packages that differ from the packages' own, and who has which."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from customers.models import Customer
from radius.models import Package


class CostingModel(models.Model):
    """A price list for data, such as wholesale or staff; a package it does not name costs what it costs anyway."""

    title = models.CharField(max_length=80)

    class Meta:
        ordering = ["title"]
        verbose_name = "data costing model"
        constraints = [models.UniqueConstraint(Lower("title"), name="billing_costingmodel_title_ci")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("billing:costing_edit", args=[self.pk])


class CostingPrice(models.Model):
    """What a package costs a month in a model."""

    model = models.ForeignKey(CostingModel, models.CASCADE, related_name="prices", db_index=False)
    package = models.ForeignKey(Package, models.CASCADE, related_name="costing_prices")
    price = models.DecimalField(
        max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))], help_text="Per month"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "package"], name="billing_costingprice_once"),
            models.CheckConstraint(condition=Q(price__gte=0), name="billing_costingprice_price"),
        ]

    def __str__(self) -> str:
        return f"{self.package}: {self.price}"


class CustomerCosting(models.Model):
    """The model of a customer; without a row packages cost what they cost."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="costing")
    model = models.ForeignKey(CostingModel, models.PROTECT, related_name="customers")

    def __str__(self) -> str:
        return str(self.model)
