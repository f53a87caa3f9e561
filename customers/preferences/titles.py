"""The titles people put before a name, English and Afrikaans: what the setting starts with."""

USUAL = (
    "Mr, Mrs, Ms, Miss, Mx, Dr, Doctor, Prof, Professor, Rev, Reverend, Pastor, Ps, Adv, Advocate, Sir, Madam, "
    "Hon, Capt, Col, Mnr, Mev, Mej, Ds, Oom, Tannie, Tant, Ouma, Oupa"
)
