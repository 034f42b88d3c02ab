"""A cluster whose connections are encrypted, with certificates that are made for the test."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import distributed
import pytest
from small_cluster import ROOT, SmallCluster

from automl_meta.errors import InputError
from automl_meta.execution.cluster import ClusterOptions, connect
from automl_meta.persistence import load_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by the command openssl"),
]


@dataclass(frozen=True)
class Certificates:
    """A private key with its certificate, and that of the authority which signed it; PEM files."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority that nobody knows, and let it sign a certificate for the loopback interface."""
    folder.mkdir()
    made = Certificates(folder / "ca.pem", folder / "me.pem", folder / "me-key.pem")
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    key_of_authority, request = folder / "ca-key.pem", folder / "me.csr"
    new_key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
    signing = ("-CA", made.authority, "-CAkey", key_of_authority, "-set_serial", "1", "-extfile", extensions)
    for arguments in (
        ("req", "-x509", "-days", "2", "-subj", "/CN=authority", *new_key, key_of_authority, "-out", made.authority),
        ("req", "-new", "-subj", "/CN=automl-meta", *new_key, made.key, "-out", request),
        ("x509", "-req", "-days", "2", "-in", request, *signing, "-out", made.certificate),
    ):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def cluster(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    files = {"--tls-ca-file": certificates.authority, "--tls-cert": certificates.certificate}
    files["--tls-key"] = certificates.key
    security = [text for name, path in files.items() for text in (name, str(path))]
    folder = tmp_path_factory.mktemp("cluster")
    with SmallCluster(folder, workers=1, security=("--protocol", "tls", *security)) as started:
        yield started


def test_fit_runs_on_an_encrypted_cluster(cluster: SmallCluster, certificates: Certificates, tmp_path: Path) -> None:
    assert cluster.address.startswith("tls://")
    model = tmp_path / "iris.automl"
    tls = ["--cluster-tls-ca", certificates.authority, "--cluster-tls-cert", certificates.certificate]
    tls += ["--cluster-tls-key", certificates.key]
    command = [sys.executable, "-m", "automl_meta", "fit", "sklearn:iris", "--max-evaluations", "2", "-o", model]
    command += ["--include", "gaussian_nb,lda", "--cluster", cluster.address, *tls]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert load_model(model).manifest["tried"]["by_status"] == {"ok": 2}


def test_a_client_without_certificates_is_refused(cluster: SmallCluster) -> None:
    with pytest.raises(InputError, match="TLS"):
        connect(ClusterOptions(address=cluster.address))


def test_a_client_that_does_not_encrypt_is_refused(cluster: SmallCluster) -> None:
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        connect(ClusterOptions(address=cluster.address.replace("tls://", "tcp://")))


def test_nothing_is_left_of_a_client_that_was_refused(cluster: SmallCluster) -> None:
    before = sum(type(thing) is distributed.Client for thing in gc.get_objects())
    with pytest.raises(InputError):
        connect(ClusterOptions(address=cluster.address))
    assert sum(type(thing) is distributed.Client for thing in gc.get_objects()) <= before


def test_a_certificate_of_another_authority_is_refused(
    cluster: SmallCluster, certificates: Certificates, tmp_path: Path
) -> None:
    others = make_certificates(tmp_path / "others")
    stranger = ClusterOptions(
        address=cluster.address, tls_ca=certificates.authority, tls_cert=others.certificate, tls_key=others.key
    )
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        connect(stranger)
