"""Each few-shot learner on tasks whose structure is known: does it learn what its paper says it learns?"""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

torch = pytest.importorskip("torch")

from families import lines, pairs_to_recall, posterior_of_lines, rmse, sinusoids  # noqa: E402

from automl_meta.metalearning.neural.batches import Batch, Sizes  # noqa: E402
from automl_meta.metalearning.neural.deep_kernel import JITTER, DeepKernel  # noqa: E402
from automl_meta.metalearning.neural.gradient_based import Maml, Reptile  # noqa: E402
from automl_meta.metalearning.neural.learned_optimiser import initial_optimiser, unroll  # noqa: E402
from automl_meta.metalearning.neural.learner import Learner, negative_log_likelihood  # noqa: E402
from automl_meta.metalearning.neural.memory_augmented import MemoryAugmented  # noqa: E402
from automl_meta.metalearning.neural.networks import LEAST_DEVIATION, Weights, apply_dense, dense  # noqa: E402
from automl_meta.metalearning.neural.neural_process import NeuralProcess  # noqa: E402
from automl_meta.metalearning.neural.recurrent import Recurrent  # noqa: E402
from automl_meta.metalearning.neural.siamese import correlation  # noqa: E402
from automl_meta.metalearning.neural.training import Training, train  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def taught(learner: Learner, draw: Callable[[np.random.Generator], Batch], steps: int, rate: float) -> Weights:
    example = draw(np.random.default_rng(0))
    training = Training(steps=steps, rate=rate, check_every=steps, seed=1)
    return train(learner, example.sizes, draw, [], training).best


def unadapted(batch: Batch) -> Batch:
    """Return the same queries with nothing seen."""
    return Batch(
        **{name: getattr(batch, name) for name in Batch.__slots__}
        | {
            "support_x": batch.support_x[:, :0],
            "support_y": batch.support_y[:, :0],
            "known_support": batch.known_support[..., :0],
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learner", "steps", "factor"),
    [
        (Maml(steps=3, rate=0.02), 1000, 0.6),
        (Maml(steps=3, rate=0.02, second_order=False), 1000, 0.6),
        (Maml(steps=3, rate=0.02, learned_rates=True), 1000, 0.5),
        (Reptile(steps=8, inner_steps=8, rate=0.02), 600, 0.75),
    ],
    ids=["maml", "first-order-maml", "meta-sgd", "reptile"],
)
def test_ten_points_of_a_sinusoid_adapt_the_network(learner: Learner, steps: int, factor: float) -> None:
    weights = taught(learner, sinusoids, steps, 3e-3)
    new = sinusoids(np.random.default_rng(99), n_tasks=100)
    before, after = (
        rmse(learner.predict(weights, unadapted(new))[0], new),
        rmse(learner.predict(weights, new)[0], new),
    )
    assert after < factor * before
    # Without meta-learning the same steps from a random beginning lead nowhere near.
    untrained = learner.initial(new.sizes, np.random.default_rng(5))
    assert after < 0.75 * rmse(learner.predict(untrained, new)[0], new)


def test_second_order_gradients_agree_with_finite_differences() -> None:
    learner = Maml(steps=2, rate=0.1, hidden=(5,))
    batch = sinusoids(np.random.default_rng(3), n_tasks=3, n_shots=4, n_queries=5)
    batch = Batch(**{name: _double(getattr(batch, name)) for name in Batch.__slots__})
    weights = {
        name: w.double().requires_grad_()
        for name, w in learner.initial(batch.sizes, np.random.default_rng(4)).items()
    }
    gradients = torch.autograd.grad(learner.loss(weights, batch), tuple(weights.values()))
    largest = 0.0
    for (name, w), gradient in zip(weights.items(), gradients, strict=True):
        for place in range(min(w.numel(), 4)):
            numeric = _finite_difference(learner, weights, batch, name, place)
            exact = float(gradient.reshape(-1)[place])
            assert exact == pytest.approx(numeric, rel=1e-4, abs=1e-7), name
            largest = max(largest, abs(exact))
    assert largest > 1e-3  # otherwise nothing was compared


def test_first_order_gradients_differ_from_second_order_ones() -> None:
    batch = sinusoids(np.random.default_rng(3), n_tasks=3)
    found = []
    for second_order in (True, False):
        learner = Maml(rate=0.1, second_order=second_order)
        weights = {
            name: w.requires_grad_() for name, w in learner.initial(batch.sizes, np.random.default_rng(4)).items()
        }
        gradients = torch.autograd.grad(learner.loss(weights, batch), tuple(weights.values()))
        found.append(torch.cat([g.reshape(-1) for g in gradients]))
    cosine = torch.nn.functional.cosine_similarity(*found, dim=0)
    assert 0.2 < float(cosine) < 0.9999


def _double(value: torch.Tensor) -> torch.Tensor:
    return value.double() if value.is_floating_point() else value


def _finite_difference(learner: Learner, weights: Weights, batch: Batch, name: str, place: int) -> float:
    losses = []
    for step in (1e-5, -1e-5):
        moved = {key: w.detach().clone() for key, w in weights.items()}
        moved[name].view(-1)[place] += step
        losses.append(float(learner.loss({key: w.requires_grad_() for key, w in moved.items()}, batch)))
    return (losses[0] - losses[1]) / 2e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learner", "steps", "error", "ratio"),
    [(NeuralProcess(), 1500, 0.4, 0.5), (DeepKernel(), 600, 0.1, 0.2)],
    ids=["neural-process", "deep-kernel"],
)
def test_posterior_of_noisy_lines_is_nearly_the_exact_one(
    learner: Learner, steps: int, error: float, ratio: float
) -> None:
    def draw(random: np.random.Generator) -> Batch:
        return lines(random, n_shots=int(random.choice([1, 2, 4, 8])))

    weights = taught(learner, draw, steps, 3e-3)
    prior = np.sqrt(2.0 / 3.0)  # deviation of a line's values
    for n_shots in (2, 4):
        new = lines(np.random.default_rng(7), n_tasks=200, n_shots=n_shots)
        mean, deviation = (value.detach().numpy() for value in learner.predict(weights, new))
        exact_mean, exact_deviation = posterior_of_lines(new)
        assert np.sqrt(((mean - exact_mean) ** 2).mean()) < error * prior
        assert np.abs(np.log(deviation / exact_deviation)).mean() < ratio


def test_deep_kernel_gives_the_exact_posterior_and_likelihood_of_its_prior() -> None:
    learner = DeepKernel()
    batch = lines(np.random.default_rng(0), n_tasks=1, n_shots=5, n_queries=4)
    weights = learner.initial(batch.sizes, np.random.default_rng(0))
    x = torch.cat([batch.support_x, batch.query_x], dim=1)
    features = apply_dense(weights, "features", x)
    covariance = learner._kernel(weights, features, features)[0].double().numpy()
    noise = float(torch.exp(2 * weights["log_noise"])) + LEAST_DEVIATION**2
    seen = covariance[:5, :5] + (noise + JITTER) * np.eye(5)
    gain = covariance[5:, :5] @ np.linalg.inv(seen)
    mean, deviation = (value[0].numpy() for value in learner.predict(weights, batch))
    np.testing.assert_allclose(mean, gain @ batch.support_y[0].numpy(), atol=1e-4)
    variance = np.diag(covariance[5:, 5:] - gain @ covariance[:5, 5:]) + noise
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-3)
    y = torch.cat([batch.support_y, batch.query_y], dim=1)[0].numpy()
    everything = multivariate_normal(np.zeros(9), covariance + (noise + JITTER) * np.eye(9))
    assert float(learner.loss(weights, batch)) == pytest.approx(-everything.logpdf(y) / 9, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("learner", [MemoryAugmented(n_slots=8, width=24), Recurrent()], ids=lambda v: v.name)
def test_what_was_shown_once_is_recalled(learner: Learner) -> None:
    weights = taught(learner, pairs_to_recall, 1200, 4e-3)
    new = pairs_to_recall(np.random.default_rng(8), n_tasks=200)
    mean = learner.predict(weights, new)[0]
    right = float((mean.sign() == new.query_y).float().mean())
    assert right > {"memory-augmented": 0.9, "recurrent": 0.7}[learner.name]


Loss = Callable[[Weights], torch.Tensor]


def quadratics(random: np.random.Generator, n: int) -> Loss:
    """Return the mean loss of `n` quadratics in ten dimensions, as Andrychowicz et al. (2016) have them."""
    W = torch.as_tensor(random.normal(size=(n, 10, 10)), dtype=torch.float32)
    y = torch.as_tensor(random.normal(size=(n, 10, 1)), dtype=torch.float32)
    return lambda weights: ((W @ weights["x"] - y) ** 2).sum() / n


def origin(n: int) -> Weights:
    return {"x": torch.zeros(n, 10, 1).requires_grad_()}


@pytest.mark.slow
def test_learned_optimiser_beats_tuned_sgd_and_adam_on_quadratics() -> None:
    steps, size, n = 20, 0.1, 16
    optimiser = {name: w.requires_grad_() for name, w in initial_optimiser(np.random.default_rng(0)).items()}
    adam = torch.optim.Adam(list(optimiser.values()), lr=5e-3)
    for number in range(400):
        loss = quadratics(np.random.default_rng(number), n)
        path = unroll(optimiser, origin(n), loss, steps, size=size)
        adam.zero_grad()
        torch.stack([loss(weights) for weights in path]).sum().backward()
        adam.step()
    loss = quadratics(np.random.default_rng(10**6), 128)
    learned = sum(float(loss(w).detach()) for w in unroll(optimiser, origin(128), loss, steps, size=size))
    rates = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    for make in (torch.optim.SGD, torch.optim.Adam):
        tuned = [descend(make, rate, loss, origin(128), steps) for rate in rates]
        assert 0 < np.argmin(tuned) < len(rates) - 1, make.__name__  # otherwise the rate was not tuned
        assert learned < min(tuned), make.__name__


def descend(make: type[torch.optim.Optimizer], rate: float, loss: Loss, weights: Weights, steps: int) -> float:
    """Return the loss summed along the steps of an optimiser; infinite where it diverges."""
    optimiser = make(list(weights.values()), lr=rate)
    total = 0.0
    for _ in range(steps):
        optimiser.zero_grad()
        loss(weights).backward()
        optimiser.step()
        total += float(loss(weights).detach())
    return total if np.isfinite(total) else float("inf")


def test_what_does_not_count_changes_nothing_in_the_deep_kernel() -> None:
    learner = DeepKernel()
    batch = lines(np.random.default_rng(0), n_tasks=4)
    weights = learner.initial(batch.sizes, np.random.default_rng(0))
    counts = torch.ones_like(batch.counts)
    counts[:, 6:] = False
    fields = {name: getattr(batch, name) for name in Batch.__slots__}
    masked = Batch(**fields | {"counts": counts})
    shorter = Batch(
        **fields
        | {
            "counts": counts[:, :6],
            "query_x": batch.query_x[:, :6],
            "query_y": batch.query_y[:, :6],
            "known_query": batch.known_query[..., :6],
        }
    )
    assert float(learner.loss(weights, masked)) == pytest.approx(float(learner.loss(weights, shorter)), rel=1e-5)


def test_memory_writes_to_the_least_used_slot_and_keeps_the_others() -> None:
    learner = MemoryAugmented(n_slots=4, width=8)
    batch = pairs_to_recall(np.random.default_rng(0), n_tasks=1, n_shots=4)
    weights = learner.initial(batch.sizes, np.random.default_rng(0)) | {"gate": torch.tensor(-20.0)}
    state = learner._empty(batch)
    written = []
    for shot in range(4):
        before = state.slots.clone()
        state = learner._step(weights, state, batch.support_x[:, shot], batch.support_y[:, shot])
        changed = ((state.slots - before).abs().sum(dim=2)[0] > 1e-4).nonzero().flatten().tolist()
        assert len(changed) == 1
        written += changed
    assert sorted(written) == [0, 1, 2, 3]


def test_correlation_counts_only_what_counts() -> None:
    random = np.random.default_rng(0)
    left, right = random.normal(size=(2, 9))
    counts = np.arange(9) < 6
    found = correlation(*(torch.as_tensor(v) for v in (left, right, counts)))
    assert float(found) == pytest.approx(np.corrcoef(left[:6], right[:6])[0, 1])


def test_likelihood_is_that_of_gaussians() -> None:
    batch = lines(np.random.default_rng(0), n_tasks=2)
    mean, deviation = torch.zeros_like(batch.query_y), torch.full_like(batch.query_y, 0.7)
    assert float(negative_log_likelihood(mean, deviation, batch)) == pytest.approx(
        -norm.logpdf(batch.query_y.numpy(), 0.0, 0.7).mean(), rel=1e-5
    )


def test_dense_layers_are_what_they_say() -> None:
    weights = dense("net", (3, 4, 2), np.random.default_rng(0))
    x = torch.ones(5, 3)
    hidden = torch.relu(x @ weights["net.0.weight"] + weights["net.0.bias"])
    expected = hidden @ weights["net.1.weight"] + weights["net.1.bias"]
    torch.testing.assert_close(apply_dense(weights, "net", x), expected)
    assert Sizes(n_inputs=3, n_traits=0).n_inputs == x.shape[1]
