"""The supply chain's tables of slipway.toml: mistakes are told with their line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from infra.config import Config
from infra.errors import InputError
from infra.supply.keys import public_pem
from tests.unit.infra.supply.conftest import pem

IGNORE = "[[vulnerabilities.ignore]]\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (f'{IGNORE}id = "CVE-1"\nreason = "no"\nexpires = "soon"\n', "line 9: vulnerabilities.ignore[1].expires"),
        (f'{IGNORE}id = "CVE-1"\nreason = "no"\n', "vulnerabilities.ignore[1].expires is missing"),
        (f'{IGNORE}id = "CVE-1"\nexpires = 2030-01-01\n', "vulnerabilities.ignore[1].reason is missing"),
        (f'{IGNORE}id = "CVE-1"\nreason = " "\nexpires = 2030-01-01\n', "vulnerabilities.ignore[1].reason"),
        (f'{IGNORE}id = "CVE-1"\nreson = "x"\nreason = "x"\nexpires = 2030-01-01\n', "did you mean reason?"),
        ('[vulnerabilities]\nfail_on = "hi"\n', "did you mean high?"),
        ('[vulnerabilities]\nosv = "osv.dev"\n', "line 7: vulnerabilities.osv"),
        ("[vulnerabilities]\nmax_age_days = 0\n", "write 1 or more"),
        ('[[licenses.allow]]\npackage = "x"\n', "licenses.allow[1].reason is missing"),
        ('[signing]\npublic_key = "nonsense"\n', "line 7: signing.public_key"),
        ("[signing]\n", "signing.public_key is missing"),
    ],
)
def test_mistakes_are_told_by_line(configured: Callable[[str], Config], more: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        configured(more)
    assert said in str(refused.value)


def test_a_private_key_in_slipway_toml_is_refused_and_not_repeated(
    configured: Callable[[str], Config], key: ec.EllipticCurvePrivateKey
) -> None:
    secret = pem(key).decode()
    with pytest.raises(InputError, match="private key, which belongs to a secret store") as refused:
        configured(f'[signing]\npublic_key = """\n{secret}"""\n')
    assert secret.splitlines()[1] not in str(refused.value)


def test_a_public_key_is_read(configured: Callable[[str], Config], key: ec.EllipticCurvePrivateKey) -> None:
    config = configured(f'[signing]\npublic_key = """\n{public_pem(key).decode()}"""\n')
    assert config.public_key is not None
    assert config.public_key.public_numbers() == key.public_key().public_numbers()
