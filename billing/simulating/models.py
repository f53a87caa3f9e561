"""A question about many customers that is answered in the background, and its answer, for a day."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from ispbilling.core.models import User


class Simulation(models.Model):
    """What would change for everybody (`question.Question`), asked by somebody. Written by `working` alone."""

    kind = models.CharField(max_length=10)
    subject = models.BigIntegerField(help_text="Of the product or package; 0 for VAT")
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    day = models.DateField()
    label = models.CharField(max_length=250, help_text="The question in words")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, default="", help_text="Why there is no answer")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["product", "package", "vat"]), name="billing_simulation_kind"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="billing_simulation_amount"),
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return reverse("billing:simulation_detail", args=[self.pk])


class SimulationPart(models.Model):
    """A range of customers, answered in one transaction of which only this row remains."""

    simulation = models.ForeignKey(Simulation, models.CASCADE, related_name="parts")
    number = models.IntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    done_at = models.DateTimeField(null=True)
    answer = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["simulation", "number"], name="billing_simulationpart_once"),
            models.CheckConstraint(condition=Q(high__gte=F("low")), name="billing_simulationpart_range"),
        ]

    def __str__(self) -> str:
        return f"{self.simulation_id} {self.number}"
