"""Configuration: flag over environment over file, unknown keys named, check-config and --print-config."""

import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from blackbox import DE, FR, binary_path, clean_environment, free_port, run

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1wbGF0Zm9ybQ"


def printed(*arguments, env=None):
    result = run("--print-config", *arguments, env=env)
    assert result.returncode == 0, result.stderr
    return result.stdout


def home_country(text):
    """The value printed for home.country, in a table of its own or as a dotted name."""
    found = re.search(r'^\s*(?:home\.)?country\s*[=:]\s*"?([A-Z]{2})\b', text, re.MULTILINE)
    assert found, text
    return found[1]


def toml(tmp_path, text):
    path = tmp_path / "roamguard.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("file, env, flag, wins", [
    (True, False, False, "DE"), (True, True, False, "FR"), (True, True, True, "GB"), (True, False, True, "GB"),
    (False, True, False, "FR"), (False, True, True, "GB")])
def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path, file, env, flag, wins):
    arguments = []
    if file:
        arguments += ["--config", toml(tmp_path, '[home]\ncountry = "DE"\n')]
    if flag:
        arguments += ["--home.country", "GB"]
    assert home_country(printed(*arguments, env={"ROAMGUARD_HOME_COUNTRY": "FR"} if env else {})) == wins


def test_the_printed_configuration_shows_the_defaults_and_explains_them():
    text = printed()
    for said in ("127.0.0.1:8080", "sandbox", "zero-rated", "generic", "Roamguard", "listen", "store", "networks",
                 "geoip-database", "public-url", "links", "default-regime"):
        assert said in text, said
    assert len([line for line in text.splitlines() if line.strip().startswith("#")]) > 20


@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_secrets_are_masked_when_printed(tmp_path, way):
    arguments, env = [], {}
    if way == "flag":
        arguments = ["--platform.webhook-secret", SECRET]
    elif way == "environment":
        env = {"ROAMGUARD_PLATFORM_WEBHOOK_SECRET": SECRET}
    else:
        arguments = ["--config", toml(tmp_path, f'[platform]\nwebhook-secret = "{SECRET}"\n')]
    text = printed(*arguments, env=env)
    assert SECRET not in text
    assert "webhook-secret" in text


@pytest.mark.parametrize("command", ["serve", "check-config"])
@pytest.mark.parametrize("way", ["flag", "file"])
def test_an_unknown_key_stops_the_program_and_names_the_nearest_valid_one(tmp_path, command, way):
    if way == "flag":
        result = run(command, "--sms.drivr", "sandbox")
    else:
        result = run(command, "--config", toml(tmp_path, '[sms]\ndrivr = "sandbox"\n'))
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert "sms.drivr" in said or "drivr" in said
    assert "sms.driver" in said


def test_an_unknown_variable_of_ours_stops_the_program_too():
    result = run("check-config", env={"ROAMGUARD_SMS_DRIVR": "sandbox"})
    assert result.returncode != 0
    assert "ROAMGUARD_SMS_DRIVR" in result.stdout + result.stderr


def test_a_configuration_in_order_is_said_to_be(tmp_path):
    result = run("check-config", "--config", toml(tmp_path, 'listen = "127.0.0.1:9090"\n[home]\ncountry = "GB"\n'))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("option, value", [
    ("listen", "nowhere"), ("listen", "127.0.0.1:99999"), ("store", "mysql://x"), ("sms.driver", "pigeon"),
    ("app.driver", "kannel"), ("links", "maybe"), ("public-url", "roam.example.net"),
    ("public-url", "https://roam.example.net/?x"), ("home.country", "Britain"), ("default-regime", "none-such"),
    ("welcome.repeat-after", "soon"), ("events.max-age", "35"),
    ("events.max-age", "100000000000d"), ("http.threads", "5000000000"), ("billing.tolerance", "9000000000000000")])
def test_a_value_that_is_none_stops_the_program_and_names_its_option(option, value):
    result = run("check-config", f"--{option}", value)
    assert result.returncode != 0
    assert option in result.stdout + result.stderr


@pytest.mark.parametrize("value", ["1.5", "2026-11-24", '[310.41, "460-01"]', '[["460-01"]]'])
def test_a_value_of_a_kind_that_no_option_has_is_refused_and_never_taken_for_nothing(tmp_path, value):
    result = run("check-config", "--config", toml(tmp_path, f"[home]\nplmns = {value}\n"))
    assert result.returncode != 0
    assert "home.plmns" in result.stdout + result.stderr


@pytest.mark.parametrize("sender", ['line one\\nline two', 'tab\\t', 'quote \\" and \\\\', 'bell\\u0007'])
def test_what_is_printed_is_a_configuration_that_says_the_same(tmp_path, sender):
    once = printed("--config", toml(tmp_path, f'[sms]\nsender = "{sender}"\n'))
    again = printed("--config", toml(tmp_path, once))
    assert again.replace("(file)", "(default)") == once.replace("(file)", "(default)")


@pytest.mark.parametrize("store", ["postgresql://roam:hush@db/roam", "postgresql:///roam?user=roam&password=hush",
                                   "postgresql://db/roam?password=hush&sslpassword=hush&connect_timeout=3"])
def test_the_stores_password_is_masked_wherever_it_stands(store):
    text = printed("--store", store)
    assert "hush" not in text and "postgresql://" in text and "roam" in text


def test_a_file_that_is_no_toml_is_refused_and_its_line_named(tmp_path):
    path = toml(tmp_path, 'listen = "127.0.0.1:9090"\nhome = = 3\n')
    result = run("check-config", "--config", path)
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert str(path) in said or path.name in said
    assert "2" in said


def test_a_missing_file_is_refused_by_name(tmp_path):
    result = run("check-config", "--config", tmp_path / "none.toml")
    assert result.returncode != 0
    assert "none.toml" in result.stdout + result.stderr


def addresses_listening(port):
    """The local addresses with a listener on the port, as the kernel writes them (hexadecimal)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, at = local.split(":")
            if state == "0A" and int(at, 16) == port:
                found.append(address)
    return found


def test_without_a_key_the_service_listens_on_loopback_only(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [binary_path(), "serve", "--listen", f"0.0.0.0:{port}", "--store", f"sqlite://{tmp_path / 'x.db'}"],
        env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        end = time.monotonic() + 5
        while process.poll() is None and not addresses_listening(port) and time.monotonic() < end:
            time.sleep(0.05)
        loopback = {"0100007F", "00000000000000000000000001000000"}
        assert process.poll() not in (None, 0) or set(addresses_listening(port)) <= loopback
    finally:
        process.kill()
        process.wait()


def test_without_a_key_the_service_says_that_it_is_open_to_loopback(service):
    assert "loopback" in service.log().lower()


def test_a_file_configures_a_running_service(start, tmp_path):
    path = toml(tmp_path, '[welcome]\nrepeat-after = "1h"\n')
    service = start("--config", path)
    service.publish()
    customer = service.customer()
    customer.attach(FR, ago=timedelta(hours=5))
    customer.attach(DE, ago=timedelta(hours=4))
    assert customer.attach(FR, ago=timedelta(hours=3))["outcome"] == "welcomed"
