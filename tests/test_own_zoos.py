"""A user's own architecture is found by its text, and its zoo by the text of the file that defines it."""

import dataclasses
import os
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from metric_harness import cli
from metric_harness.architectures import choose
from metric_harness.cache import FOLDER_VARIABLE
from metric_harness.errors import SettingError, UnknownNetworkError, UsageError
from metric_harness.interfaces import AbstractNetwork
from metric_harness.named_networks import named, read_settings
from metric_harness.networks.mamba import Mamba
from metric_harness.training import Schedule
from metric_harness.zoo import MANIFEST, Zoo, ZooError, built, shipped, zoo_folder, zoo_of
from metric_harness.zoo_building import Plan, build
from metric_harness.zoo_plans import SHIPPED, asked, plan_for
from metric_harness.zoo_recordings import recorded, zoo_in

pytestmark = pytest.mark.usefixtures("one_thread")

EXAMPLE = textwrap.dedent((AbstractNetwork.__doc__ or "").partition("Example::\n")[2])
TASK = "go_nogo"
AT_ONCE = Schedule(n_trials=2, checkpoints=(0, 1), evaluated_every=1, earliest_stop=1, n_validation=4)
"""A schedule that is over at once."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a user's file in it, and a cache of its own."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"mine{os.getpid()}_{tmp_path.name}.py").write_text(EXAMPLE)
    return tmp_path


@pytest.fixture
def vanilla(home: Path) -> str:
    (path,) = home.glob("mine*.py")
    return f"{path.name}:Vanilla"


def brief(value: str, **settings: object) -> Plan:
    """Return a plan of one seed that is over at once."""
    found = named(value, settings)
    plan = Plan(n_seeds={TASK: 1}, schedule=AT_ONCE)
    return dataclasses.replace(plan, network=found.value, settings=found.settings, source=found.source)


def made(plan: Plan, folder: Path) -> Path:
    return build(plan, folder, folder.parent / "snapshots", n_processes=1, tell=lambda news: None).parent


def own(value: str, plan: Plan) -> Path:
    return made(plan, built(named(value, plan.settings), plan.digest()))


def test_a_users_zoo_is_found_from_any_folder_with_its_own_class(vanilla, home, monkeypatch):
    folder = own(vanilla, brief(vanilla))
    assert folder.is_relative_to(home / "cache")
    zoo = zoo_of(vanilla, TASK)
    assert type(zoo.network).__name__ == "Vanilla"
    assert zoo.folder == folder
    weights = zoo.weights(zoo.final("master", 0))
    assert {name: w.dtype for name, w in weights.items()} == dict.fromkeys(zoo.manifest["parameters"], np.float32)
    monkeypatch.chdir("/")
    assert zoo_folder(str(home / vanilla)) == folder
    assert type(Zoo(folder, TASK).network) is type(zoo.network)


def test_a_class_that_has_changed_never_meets_old_weights(vanilla, home):
    folder = own(vanilla, brief(vanilla))
    path = home / vanilla.partition(":")[0]
    path.write_text(path.read_text().replace("torch.tanh", "torch.sin"))
    with pytest.raises(ZooError, match=r"no zoo of .*its file has changed since.*metric-harness zoo build --network"):
        zoo_of(vanilla, TASK)
    with pytest.raises(ZooError, match=r"has changed since the zoo in .* was built.*Rebuild it: metric-harness zoo"):
        Zoo(folder, TASK)


def test_a_plan_whose_class_has_changed_is_not_trained(vanilla, home):
    plan = brief(vanilla)
    path = home / vanilla.partition(":")[0]
    path.write_text(path.read_text() + "\n")
    with pytest.raises(Exception, match="changed while its zoo was being built"):
        made(plan, home / "zoo")


def test_settings_have_zoos_of_their_own_and_the_last_one_built_is_found(vanilla):
    own(vanilla, brief(vanilla))
    with pytest.raises(ZooError, match=r"with these settings.*--network-set n_units=5"):
        zoo_of(vanilla, TASK, {"n_units": 5})
    smaller = own(vanilla, brief(vanilla, n_units=5))
    assert zoo_of(vanilla, TASK, {"n_units": 5}).network.n_units == 5
    longer = dataclasses.replace(brief(vanilla, n_units=5), seed=1)
    other = own(vanilla, longer)
    assert other != smaller
    assert zoo_folder(vanilla, {"n_units": 5}) == other
    os.utime(smaller / MANIFEST, ns=(2**62, 2**62))
    assert zoo_folder(vanilla, {"n_units": 5}) == smaller


def test_without_a_zoo_the_command_that_builds_one_is_named(vanilla):
    with pytest.raises(ZooError, match=rf"Build it: metric-harness zoo build --network {vanilla}$"):
        zoo_of(vanilla, TASK)


def test_a_view_changes_what_is_recorded_and_the_key_and_not_the_weights(home):
    plan = brief("mamba", width=2, n_layers=2, n_states=2)
    folder = made(plan, home / "zoo")
    first, second = (Zoo(folder, TASK, view) for view in (None, {"layer": 1}))
    assert [zoo.network for zoo in (first, second)] == [
        Mamba(width=2, n_layers=2, n_states=2, layer=layer) for layer in (0, 1)
    ]
    assert first.key() != second.key()
    one, other = (zoo.weights(zoo.final("master", 0)) for zoo in (first, second))
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_a_layer_is_chosen_by_option_for_a_zoo_that_was_built_without_it(home):
    folder = own("mamba", brief("mamba", width=2, n_layers=2, n_states=2))
    texts = ["width=2", "n_layers=2", "n_states=2"]
    usual, second = choose("mamba", home, texts), choose("mamba", home, [*texts, "layer=1"])
    assert usual.folder == second.folder == folder
    assert (usual.info.settings["layer"], second.info.settings["layer"]) == (0, 1)
    assert usual.info.zoo == second.info.zoo
    assert not second.is_default
    first, other = (zoo_in(chosen.folder, TASK, chosen.view) for chosen in (usual, second))
    assert [zoo.network.layer for zoo in (first, other)] == [0, 1]
    x, y = (recorded(zoo, [zoo.final("master", 0)], zoo.trials(2))[0] for zoo in (first, other))
    assert x.shape == y.shape
    assert not np.allclose(x, y)
    # In a folder there is nothing left to choose but what is recorded.
    assert choose(str(folder), home, ["layer=1"]).view == (("layer", 1),)


@pytest.mark.parametrize(
    ("value", "texts", "message"),
    [
        ("mamba", ["layer=1"], "layer is 1; needed 0 to 0"),
        ("mamba", ["layers=1"], "mamba has no setting layers"),
        ("mamba", ["layer"], "--metric-network-set"),
        ("mamba", ["n_layers=3"], "metric-harness zoo build --network mamba --network-set n_layers=3"),
        ("FOLDER", ["n_layers=3"], "n_layers decides how networks are built, and those in"),
        ("leaky_rnn", ["layer=0"], "leaky_rnn has no setting layer"),
    ],
)
def test_settings_that_no_zoo_has_are_a_mistake_with_a_way_out(home, value, texts, message):
    folder = home / "copied"
    folder.mkdir()
    (folder / MANIFEST).write_bytes((shipped("mamba") / MANIFEST).read_bytes())
    with pytest.raises(UsageError, match=re.escape(message)):
        choose("copied" if value == "FOLDER" else value, home, texts)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("mumba", "unknown network 'mumba'. Did you mean mamba"),
        ("none.py:Net", "there is no file"),
        ("no_such_module:Net", "no module 'no_such_module'"),
        ("math:sqrt", "needed a frozen dataclass that subclasses AbstractNetwork"),
        ("metric_harness.interfaces:AbstractNetwork", "needed a frozen dataclass"),
        ("half.py:Half", "lacks readout, step; see metric_harness.interfaces.AbstractNetwork"),
        ("broken.py:Net", "cannot be loaded: ZeroDivisionError"),
    ],
)
def test_what_names_no_architecture_is_refused_with_a_way_out(home, value, message):
    (home / "half.py").write_text(
        "import dataclasses\nfrom metric_harness.interfaces import AbstractNetwork\n\n\n@dataclasses.dataclass\n"
        "class Half(AbstractNetwork):\n    def initial_parameters(self, n_inputs, n_outputs, rng): ...\n"
    )
    (home / "broken.py").write_text("1 / 0\n")
    with pytest.raises(UnknownNetworkError, match=message):
        named(value)


def test_settings_are_typed_as_the_fields_and_others_refused(vanilla):
    assert read_settings(vanilla, ["n_units=7"]) == {"n_units": 7}
    assert read_settings("leaky_gru", ["reset_gate=true", "time_constant=50"]) == {
        "reset_gate": True,
        "time_constant": 50.0,
    }
    with pytest.raises(SettingError, match=r"has no setting n_unit; it has n_units"):
        read_settings(vanilla, ["n_unit=7"])
    with pytest.raises(SettingError, match=r"--network-set n_units=many; needed a int"):
        read_settings(vanilla, ["n_units=many"])
    with pytest.raises(SettingError, match=r"--network-set 'n_units'; needed KEY=VALUE"):
        read_settings(vanilla, ["n_units"])
    with pytest.raises(SettingError, match=r"n_units is 0"):
        asked("leaky_gru", ["n_units=0"])


def test_plans_are_the_shipped_ones_for_shipped_settings_and_of_their_own_otherwise(vanilla):
    for name, plan in SHIPPED.items():
        assert plan_for(asked(name)) == plan
    changed = plan_for(asked("mamba", ["n_layers=2"]))
    assert changed.settings["n_layers"] == 2
    assert changed.schedule == SHIPPED["mamba"].schedule
    assert changed.digest() != SHIPPED["mamba"].digest()
    mine = plan_for(asked(vanilla))
    assert (mine.network, mine.source) == (named(vanilla).value, named(vanilla).source)
    assert mine.settings == {"n_units": 32}


def test_the_first_zoo_is_found_by_name_and_by_its_own_settings_alone():
    assert zoo_folder("leaky_rnn") == zoo_folder("leaky_rnn", {"activation": "leaky_relu"}) == shipped()
    with pytest.raises(ZooError, match=r"no zoo of leaky_rnn with these settings. Build it: .*activation=tanh$"):
        zoo_folder("leaky_rnn", {"activation": "tanh"})


def test_the_command_line_builds_describes_and_verifies_a_users_zoo(vanilla, capsys, monkeypatch):
    monkeypatch.setattr("metric_harness.zoo_commands.plan_for", lambda network, smoke: brief(network.value))
    assert cli.main(["zoo", "info", "--network", vanilla]) == 4
    assert f"Build it: metric-harness zoo build --network {vanilla}" in capsys.readouterr().err
    assert cli.main(["zoo", "build", "--network", vanilla, "--processes", "1"]) == 0
    assert cli.main(["zoo", "info", "--network", vanilla]) == 0
    assert "Vanilla (n_units 32)" in capsys.readouterr().out
    assert cli.main(["zoo", "verify", "--network", vanilla]) == 0
    assert "go_nogo: digest right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--device", "tpu"], "--device is tpu; needed cpu, or cuda where there is a GPU"),
        (["--device", "cuda:99"], "device is 'cuda:99', but torch"),
        (
            ["--device", "cuda", "--scheduler", "tcp://127.0.0.1:1"],
            "is of this machine, where a scheduler's workers train",
        ),
    ],
)
def test_a_device_that_cannot_train_is_a_mistake_before_any_training(home, capsys, words, message):
    assert cli.main(["zoo", "build", "--smoke", *words]) == 4
    assert message in capsys.readouterr().err
    assert not list(home.glob("zoo-smoke-*"))
